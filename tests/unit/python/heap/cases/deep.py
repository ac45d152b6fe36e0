# Nesting far beyond the recursion limit.
deep_tuple = ()
for _ in range(30000):
    deep_tuple = (deep_tuple,)
deep_list = []
for _ in range(30000):
    deep_list = [deep_list]


class Node:
    def __init__(self, next):
        self.next = next


chain = None
for _ in range(30000):
    chain = Node(chain)
deep_dict = {}
for _ in range(30000):
    deep_dict = {"k": deep_dict}


def depth(o, step):
    n = 0
    while o:
        o, n = step(o), n + 1
    return n


def check():
    assert depth(deep_tuple, lambda o: o[0]) == depth(deep_list, lambda o: o[0]) == 30000
    assert depth(chain, lambda o: o.next) == depth(deep_dict, lambda o: o["k"]) == 30000
