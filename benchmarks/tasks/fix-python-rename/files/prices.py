TAX = 0.19


def calc(price):
    """The price with tax."""
    return round(price * (1 + TAX), 2)
