import sys


def longest(words):
    best = words[0]
    for word in words:
        if len(word) > len(best):
            best = word
    return best


print(longest(sys.argv[1:]))
