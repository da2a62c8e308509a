"""Lists, page by page."""


def pages(items, size):
    """Split a list into pages of `size` items."""
    return [items[start : start + size] for start in range(0, len(items), size)]
