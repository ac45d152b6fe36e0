# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Sparse n-dimensional arrays with sparse (compiled by numba): contractions, reductions, slices."""
import numpy as np
import sparse

rng = np.random.default_rng(9)
state = sparse.random((20, 20, 30), density=0.02, random_state=1)
weights = rng.random((30, 30))
for step in range(12):
    state = sparse.COO.from_numpy(np.tanh(sparse.tensordot(state, weights, axes=(2, 0))))
    state = state * (state > 0.02)
    state = sparse.concatenate([state[5:], state[:5]])
    print(step, state.nnz, repr(float(state.sum())), state.max(axis=(0, 1)).todense().tolist()[:3])
    weights = weights * 0.9 + 0.1 * weights.T
