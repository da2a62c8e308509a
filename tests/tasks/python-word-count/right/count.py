import sys
from collections import Counter

for word, count in sorted(Counter(sys.stdin.read().lower().split()).items()):
    print(word, count)
