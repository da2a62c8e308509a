def total(items, discount=0):
    return sum(price * quantity for price, quantity in items) * (100 - discount) / 100
