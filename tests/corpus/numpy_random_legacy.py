# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""numpy's global RandomState and own ones, with the cached Gaussian."""
import numpy as np

from digest import Digest, report

np.random.seed(2023)
own = np.random.RandomState(5)
walkers = np.zeros(300)
digest = Digest()
hits = 0
for i in range(80000):
    walkers += np.random.choice([-1.0, 1.0], size=300) * 0.1
    x, y = np.random.rand(), own.random_sample()
    hits += x * x + y * y < 1
    if i % 3 == 0:
        walkers[i % 300] += np.random.randn() + own.standard_normal()
    if i % 500 == 0:
        own.shuffle(walkers)
        digest.add(walkers, hits, np.random.permutation(10), own.poisson(3.0), np.random.gamma(2.0))
state = np.random.get_state()
again = np.random.random(5)
np.random.set_state(state)
assert (np.random.random(5) == again).all()
digest.add(again)
report("numpy_random_legacy", digest)
