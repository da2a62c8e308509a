def slugify(text):
    return text.strip().lower().replace(",", "").replace("!", "").replace(" ", "-")
