# Sets and dicts: order, keys hashed by Python code, cycles through keys.
class Key:
    def __init__(self, v):
        self.v = v

    def __hash__(self):
        return hash(self.v)

    def __eq__(self, o):
        return isinstance(o, Key) and self.v == o.v


class Node:
    def __init__(self, name):
        self.name, self.peers = name, set()

    def __hash__(self):
        return hash(self.name)

    def __eq__(self, o):
        return self.name == o.name


class Liar:
    """Equal or not as the class says now; hashed in one way or by its address."""
    same = False

    def __init__(self, hashed=1):
        self.hashed = hashed

    def __hash__(self):
        return self.hashed or hash(id(self))

    def __eq__(self, o):
        return Liar.same


liars = {Liar(): 1, Liar(): 2, (Liar(), 3): 3, (Liar(), 3): 4}
liar_sets = [{Liar(), Liar(), Liar()}, frozenset(Liar(0) for n in range(20))]
Liar.same = True

words = {w * 3 for w in "the quick brown fox jumps over the lazy dog".split()}
numbers = {8, 0, 16, 24, 1}
shrunk = set(range(1000))
for i in range(990):
    shrunk.discard(i)
collided = frozenset([8, 0, 16])
odd_frozen = frozenset({i * 64 for i in range(40)} - {i * 64 for i in range(30)})
empty = [set(), frozenset(), {}]
orders = [list(words), list(numbers), list(shrunk), list(collided), list(odd_frozen)]
by_key = {Key(1): "one", Key("x"): "x", (Key(2), 3): "pair"}
key_set = {Key(i) for i in range(5)}
a, b = Node("a"), Node("b")
a.peers |= {a, b}
b.peers.add(a)
graph = {a: [b], b: [a]}
self_key = {}
node = Node("self")
node.table = self_key
self_key[node] = node
float_keys = {1.5: 1, 2: 2, None: 3, (1, "t"): 4, b"b": 5, frozenset([1]): 6}
nested = [{frozenset([frozenset([1]), frozenset()])}]
popped = {str(i): i for i in range(20)}
for i in range(0, 20, 3):
    del popped[str(i)]
popped["again"] = 1
alias = key_set
instance_keys = {}
first, second = object(), Key
instance_keys[first] = 1
instance_keys[second] = 2
frozen_alias = [odd_frozen, odd_frozen]
cyclic_frozen = Node("c")
cyclic_frozen.own = frozenset([cyclic_frozen, Node("d")])


def check():
    assert list(liars.values()) == [1, 2, 3, 4] and [len(s) for s in liar_sets] == [3, 20]
    assert [list(words), list(numbers), list(shrunk), list(collided), list(odd_frozen)] == orders
    assert empty == [set(), frozenset(), {}]
    assert by_key[Key(1)] == "one" and by_key[(Key(2), 3)] == "pair" and list(by_key.values()) == ["one", "x", "pair"]
    assert key_set == {Key(i) for i in range(5)} and alias is key_set and Key(9) not in key_set
    assert a in a.peers and b in a.peers and len(a.peers) == 2 and graph[a] == [b]
    assert [n for n in a.peers if n is a] and node.table is self_key and self_key[node] is node
    assert float_keys[1.5] == 1 and float_keys[frozenset([1])] == 6 and len(float_keys) == 6
    assert nested == [{frozenset([frozenset([1]), frozenset()])}]
    assert list(popped)[-1] == "again" and list(popped)[:2] == ["1", "2"]
    assert instance_keys[first] == 1 and instance_keys[Key] == 2
    assert frozen_alias[0] is frozen_alias[1] is odd_frozen
    assert cyclic_frozen in cyclic_frozen.own and [x for x in cyclic_frozen.own if x is cyclic_frozen]
    words.add("zzz")
    words.discard("zzz")


class ById:
    def __hash__(self):
        return id(self)


by_id = [ById() for n in range(300)]
by_id_sets = [set(by_id), frozenset(by_id)]
mixed = frozenset([ById(), Key(1), 3])
mixed_holder = {"m": mixed}
plain_objects = frozenset([object() for _ in range(20)])
in_plain = list(plain_objects)
outer_check = check


def check():
    outer_check()
    assert all(o in plain_objects for o in in_plain) and len(plain_objects) == 20
    assert [sum(o in some for o in by_id) for some in by_id_sets] == [300, 300]
    assert Key(1) in mixed and 3 in mixed and mixed_holder["m"] is mixed
    assert [x for x in mixed if isinstance(x, ById)][0] in mixed and hash(mixed) == hash(frozenset(mixed))
