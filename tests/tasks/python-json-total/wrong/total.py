import json
import sys

with open(sys.argv[1]) as file:
    print(sum(each["price"] * each["quantity"] for each in json.load(file)))
