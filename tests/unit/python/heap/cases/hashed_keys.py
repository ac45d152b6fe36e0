# Keys that compute their hashes from what comes back after them; addresses as keys in a library.
import collections
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))
import keybook  # noqa: E402


class Node:
    """Cannot be hashed before it has its name, and is a key in what it leads to."""

    def __init__(self, name, kind):
        self.links = kind()
        self.name = name

    def __hash__(self):
        return hash(self.name)

    def __eq__(self, other):
        return self.name == other.name


class Links(collections.OrderedDict):
    pass


class Table(dict):
    pass


class Missing(collections.defaultdict):
    pass


def counting():
    return collections.defaultdict(int)


def ring(kind, length=5):
    nodes = [Node(f"node {i}", kind) for i in range(length)]
    for node, other in zip(nodes, nodes[1:] + nodes[:1]):
        node.links[node] = 1
        node.links[other] = other
        node.links[other, "back"] = node
    del nodes[0].links[nodes[0]]
    return nodes


kinds = [dict, counting, collections.OrderedDict, collections.Counter, Links]
rings = [ring(kind) for kind in kinds]
held = rings[1][2].links
titles = [keybook.Title(text) for text in ("first", "second", "third")]
tables = [{title: 1 for title in titles}, set(titles), frozenset(titles), collections.OrderedDict.fromkeys(titles)]


# Keys that equal each other by now: an entry of each stays.
renamed = [Node(name, dict) for name in ("a", "b", "c")]
entries = [(node, i) for i, node in enumerate(renamed)]
kept_apart = [dict(entries), Table(entries), collections.defaultdict(int, entries), Missing(int, entries)]
renamed[1].name = "a"


class Vertex:
    """Hashes by its name, or by where it is."""

    def __init__(self, name):
        self.name = name

    def __hash__(self):
        return hash(self.name) if isinstance(self.name, str) else id(self)

    def __eq__(self, other):
        return self is other


class Loop:
    """Hashes by a frozenset that it has."""

    def __init__(self, vertices):
        self.vertices = frozenset(vertices)

    def __hash__(self):
        return hash(self.vertices)

    def __eq__(self, other):
        return self.vertices == other.vertices


vertices = [Vertex(str(n) if n % 2 else n) for n in range(200)]
loops = [Loop(vertices[n : n + 3]) for n in range(200)]
edges = {frozenset(pair) for pair in zip(vertices, vertices[1:])}
numbered = {(frozenset([one]), one.name) for one in vertices}
sets_of_loops = {frozenset([one]) for one in loops}
numbers = {id(one): one for one in vertices}
ids = set(numbers)
ids_left = iter(ids)
passed = [numbers[next(ids_left)] for n in range(50)]


def check():
    assert all(frozenset(pair) in edges for pair in zip(vertices, vertices[1:]))
    assert all((frozenset([one]), one.name) in numbered for one in vertices)
    assert all(frozenset([one]) in sets_of_loops for one in loops)
    assert ids == {id(one) for one in vertices}
    assert sorted([*(id(one) for one in passed), *ids_left.__reduce__()[1][0]]) == sorted(ids)
    for table in kept_apart:
        assert [key is node for key, node in zip(table, renamed)] == [True] * 3 and list(table.values()) == [0, 1, 2]
    for nodes, kind in zip(rings, kinds):
        for i, node in enumerate(nodes):
            other = nodes[(i + 1) % len(nodes)]
            assert type(node.links) is type(kind())
            assert list(node.links) == [node, other, (other, "back")][i == 0:]
            assert node.links[Node(other.name, dict)] is other and node.links[other, "back"] is node
    assert held is rings[1][2].links and held["new"] == 0 and held.pop("new") == 0
    for table in tables:
        assert len(table) == 3 and all(title in table for title in titles)
    for title in [keybook.UNTITLED, *titles]:
        assert keybook.Title.marks[id(title)]() is title
