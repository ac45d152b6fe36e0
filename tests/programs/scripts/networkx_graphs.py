# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Algorithms of networkx on random graphs."""
import itertools

import networkx as nx

for seed in range(3):
    graph = nx.barabasi_albert_graph(120, 3, seed=seed)
    for number, (u, v) in enumerate(graph.edges()):
        graph[u][v]["weight"] = 1 + number % 7
    rank = nx.pagerank(graph)
    print(max(rank, key=rank.get), repr(sum(value * value for value in rank.values())))
    between = nx.betweenness_centrality(graph, weight="weight")
    print(repr(sum(between.values())), repr(max(between.values())))
    tree = nx.minimum_spanning_tree(graph)
    print(sum(data["weight"] for _, _, data in tree.edges(data=True)), nx.diameter(tree))
    print(sorted(map(len, nx.algorithms.community.greedy_modularity_communities(graph))))
    print(sorted(map(len, nx.algorithms.community.label_propagation_communities(graph))))
    flow, _ = nx.maximum_flow(nx.DiGraph(graph), 0, 119, capacity="weight")
    print(flow, len(list(nx.find_cliques(graph))), nx.transitivity(graph))
    print([len(path) for path in itertools.islice(nx.shortest_simple_paths(graph, 3, 77), 25)])
    layout = nx.spring_layout(graph, seed=seed, iterations=20)
    print(repr(float(sum(abs(position).sum() for position in layout.values()))))
    print(list(nx.topological_sort(nx.DiGraph((u, v) for u, v in graph.edges() if u < v)))[:20])
