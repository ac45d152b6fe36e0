# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Sparse matrices with scipy: heat flow by cg, gmres and factors, eigenvalues, graphs."""
import numpy as np
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse import linalg

N = 30
line = sparse.diags([-1, 2, -1], [-1, 0, 1], shape=(N, N))
laplace = sparse.kron(sparse.eye(N), line) + sparse.kron(line, sparse.eye(N))
step = (sparse.eye(N * N) + 0.1 * laplace).tocsr()
rng = np.random.default_rng(8)
heat = rng.random(N * N)
residuals = []
for n in range(40):
    heat, info = linalg.cg(step, heat, tol=1e-10, callback=lambda x: residuals.append(float(x[0])))
    assert info == 0
    heat[rng.integers(N * N)] += 1.0
print(len(residuals), repr(float(heat.sum())), repr(sum(residuals)))

skewed = (step + sparse.random(N * N, N * N, 0.001, random_state=4)).tocsc()
incomplete = linalg.spilu(skewed)
preconditioner = linalg.LinearOperator(skewed.shape, incomplete.solve)
for n in range(25):
    heat, info = linalg.gmres(skewed, heat, tol=1e-10, M=preconditioner,
                              callback=lambda r: residuals.append(float(r)), callback_type="pr_norm")
    heat[rng.integers(N * N)] += 1.0
print(len(residuals), repr(float(heat.sum())), repr(sum(residuals)))
del incomplete, preconditioner

for n in range(4):
    values = linalg.eigsh(laplace.tocsc(), k=4, which="SA", v0=np.ones(N * N), return_eigenvectors=False)
    print(values.tolist())
    grid = sparse.random(300, 300, 0.02, random_state=n, format="lil")
    grid.setdiag(1.0)
    distances = csgraph.dijkstra(grid.tocsr(), indices=[0, 5])
    print(csgraph.connected_components(grid)[0], repr(float(distances[np.isfinite(distances)].sum())))
    total = 0.0
    for row, column in sparse.dok_matrix(grid[:60, :60]).keys():
        total += float(row * column)
    print(total)
