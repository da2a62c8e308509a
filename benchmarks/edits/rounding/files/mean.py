import sys


def mean(numbers):
    return sum(numbers) / len(numbers)


print(mean([float(word) for word in sys.argv[1:]]))
