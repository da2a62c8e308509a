def squares(last):
    return [number * number for number in range(1, last)]


print(squares(5))
