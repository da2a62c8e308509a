from prices import price_with_tax

print(price_with_tax(100))
