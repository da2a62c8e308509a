TAX = 0.19


def price_with_tax(price):
    """The price with tax."""
    return round(price * (1 + TAX), 2)


calc = price_with_tax
