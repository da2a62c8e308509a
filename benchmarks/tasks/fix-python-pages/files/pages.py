"""Lists, page by page."""


def pages(items, size):
    """Split a list into pages of `size` items."""
    found = []
    for number in range(len(items) // size):
        found.append(items[number * size : (number + 1) * size])
    return found
