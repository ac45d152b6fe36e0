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


def check():
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
