def add_tag(tag, tags=None):
    """Add a tag to a list of tags, and return that."""
    tags = [] if tags is None else tags
    tags.append(tag)
    return tags
