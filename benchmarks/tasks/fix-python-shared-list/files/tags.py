def add_tag(tag, tags=[]):
    """Add a tag to a list of tags, and return that."""
    tags.append(tag)
    return tags
