def calculate(first, operator, second):
    if operator == "+":
        return first + second
    raise ValueError(operator)


print(calculate(2, "+", 3))
