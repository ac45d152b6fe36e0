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


# So long that states are put off: longer than the stack allows.
class Link:
    __slots__ = ("number", "next", "back")


class Mixed(Link):
    def __init__(self):
        self.note = None


class Key(Mixed):
    def __hash__(self):
        return hash(self.number)

    def __eq__(self, other):
        return isinstance(other, Key) and self.number == other.number


def linked(made, count=60000):
    first = last = made()
    first.number, first.back = 0, None
    for number in range(1, count):
        last.next = made()
        last.next.number, last.next.back = number, last
        last = last.next
    last.next = None
    return first, last


ends = {made: linked(made) for made in (Link, Mixed, Key)}
table = {}
key = ends[Key][0]
while key:
    table[key], key.note, key = key.number, table, key.next
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
    for made, (first, last) in ends.items():
        back, link, count = None, first, 0
        while link:
            assert type(link) is made and link.number == count and link.back is back
            assert made is not Key or link.note is table and table[link] == count
            back, link, count = link, link.next, count + 1
        assert back is last and count == 60000
