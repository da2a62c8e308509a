def squares(last):
    """The squares of the numbers from 1 to last, last included."""
    return [number * number for number in range(1, last)]


print(squares(5))
