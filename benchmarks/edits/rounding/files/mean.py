def mean(numbers):
    return sum(numbers) / len(numbers)


print(mean([1, 2, 2]))
