from prices import calc

print(calc(100))
