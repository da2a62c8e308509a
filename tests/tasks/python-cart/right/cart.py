def total(items, discount=0):
    if any(quantity < 0 for _, quantity in items):
        raise ValueError("a quantity is less than 0")
    return sum(price * quantity for price, quantity in items) * (100 - discount) / 100
