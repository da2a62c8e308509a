SCORES = {"Ada": 7, "Grace": 12, "Alan": 3}


def ranking():
    return sorted(SCORES.items(), key=lambda item: item[1])


for name, score in ranking():
    print(name, score)
