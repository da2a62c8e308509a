def greet(name):
    return "Good morning, " + name + "!"


for name in ["Ada", "Grace"]:
    print(greet(name))
