# Numbers that are addresses of objects, or of the memory of arrays, lead to the same after the save.
import array
import copy
import os
import threading


class Node:
    pass


nodes = [Node() for _ in range(200)]
by_address = {id(node): node for node in nodes}
pair = (1, [2])
by_address[id(pair)] = pair
visited = {id(node) for node in nodes}
for node in nodes[:50]:
    visited.discard(id(node))
mixed = {id(node) for node in nodes[::7]} | {"a", frozenset("b"), (1, id(nodes[3]))}
frozen = frozenset(id(node) for node in nodes[10:90])
gone = [id([number]) for number in range(50)]
nodes[0].me = id(nodes[0])
of_module, of_thread = id(os), threading.get_ident()
thousand = tuple(range(1000))
large = {id(Node): Node, id(thousand): thousand}
once = [(id(thing), thing) for thing in (None, True, ..., 5, 256, int, len)]
small = [id(Node) % 2 ** 40, 2 ** 30, 2 ** 39 + 16]  # as programs count: never taken for an address
expected_small = [str(number) for number in small]
ordinary = [2 ** 40, 2 ** 46 + 16, 16, -id(pair), id(pair) + 1]
memories = [array.array("d", range(9)), array.array("q", range(900))]
starts = [(memory.buffer_info()[0], memory) for memory in memories]
beside = [start + 1 for start, _ in starts]  # nothing that a library has told
expected_beside = [str(number) for number in beside]
memo = {}
original = [pair, nodes[:3]]
copies = copy.deepcopy(original, memo)


def check():
    assert all(by_address[id(node)] is node for node in nodes) and by_address[id(pair)] is pair
    assert len(by_address) == 201
    assert all((id(node) in visited) == (number >= 50) for number, node in enumerate(nodes))
    assert all(id(node) in mixed for node in nodes[::7]) and (1, id(nodes[3])) in mixed
    assert frozen == {id(node) for node in nodes[10:90]}
    assert nodes[0].me == id(nodes[0]) and len(gone) == 50
    assert (of_module, of_thread) == (id(os), threading.get_ident())
    assert all(id(thing) == number for number, thing in [*large.items(), *once])
    assert [str(number) for number in small] == expected_small
    assert all(start == memory.buffer_info()[0] for start, memory in starts)
    assert [str(number) for number in beside] == expected_beside
    assert ordinary[:3] == [2 ** 40, 2 ** 46 + 16, 16]
    assert copy.deepcopy(original, memo) is copies and copy.deepcopy(pair, memo) is copies[0]
