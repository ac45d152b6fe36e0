# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Searches: Dijkstra, A*, depth first with cycles, strongly connected parts, union-find, queens by backtracking."""
import collections
import heapq
import random

from digest import Digest, report


def dijkstra(graph, start):
    far, todo, came = {start: 0}, [(0, start)], {}
    while todo:
        cost, node = heapq.heappop(todo)
        if cost > far[node]:
            continue
        for other, weight in graph[node].items():
            if cost + weight < far.get(other, 1 << 30):
                far[other], came[other] = cost + weight, node
                heapq.heappush(todo, (cost + weight, other))
    return far, came


def parts(graph):
    """Tarjan's algorithm, by recursion that yields."""
    number, low, stack, on_stack, found = {}, {}, [], set(), []

    def visit(node):
        number[node] = low[node] = len(number)
        stack.append(node)
        on_stack.add(node)
        for other in graph[node]:
            if other not in number:
                yield from visit(other)
                low[node] = min(low[node], low[other])
            elif other in on_stack:
                low[node] = min(low[node], number[other])
        if low[node] == number[node]:
            part = []
            while True:
                part.append(stack.pop())
                on_stack.discard(part[-1])
                if part[-1] == node:
                    break
            yield sorted(part)

    for node in graph:
        if node not in number:
            found.extend(visit(node))
    return found


class Sets:
    def __init__(self):
        self.parent = collections.defaultdict(lambda: None)

    def root(self, x):
        if self.parent[x] is None:
            return x
        self.parent[x] = root = self.root(self.parent[x])
        return root

    def join(self, a, b):
        a, b = self.root(a), self.root(b)
        if a != b:
            self.parent[max(a, b)] = min(a, b)
        return a != b


def star(wall, goal):
    todo, seen = [(sum(goal), 0, (0, 0))], {(0, 0)}
    while todo:
        _, cost, (x, y) = heapq.heappop(todo)
        if (x, y) == goal:
            return cost, len(seen)
        for place in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if place in seen or place in wall or not (0 <= place[0] <= goal[0] and 0 <= place[1] <= goal[1]):
                continue
            seen.add(place)
            rest = abs(goal[0] - place[0]) + abs(goal[1] - place[1])
            heapq.heappush(todo, (cost + 1 + rest, cost + 1, place))
    return None, len(seen)


def queens(n, placed=()):
    if len(placed) == n:
        yield placed
        return
    for column in range(n):
        if all(column != c and abs(column - c) != len(placed) - r for r, c in enumerate(placed)):
            yield from queens(n, placed + (column,))


digest = Digest()
draw = random.Random(8)
for n in range(400):
    graph = {i: {draw.randrange(60): draw.randrange(1, 20) for _ in range(3)} for i in range(60)}
    far, came = dijkstra(graph, n % 60)
    sets = Sets()
    digest.add(sorted(far.items())[:9], len(came), parts(graph))
    digest.add([sets.join(a, b) for a in graph for b in graph[a]].count(True))
    wall = {(draw.randrange(18), draw.randrange(18)) for _ in range(90)} - {(0, 0), (17, 17)}
    digest.add(star(wall, (17, 17)), next(queens(4 + n % 4)), sum(1 for _ in queens(5 + n % 2)))
report("graph_search", digest)
