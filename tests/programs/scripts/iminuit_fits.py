# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Fits by iminuit, whose classes are C++ shown by pybind11; what it has to say of each is kept."""
import numpy as np
from iminuit import Minuit
from iminuit.cost import LeastSquares

rng = np.random.default_rng(4)
x = np.linspace(0, 10, 120)


def decay(x, a, t, c):
    return a * np.exp(-x / t) + c


strategy = None
found = []
for step in range(12):
    y = decay(x, 3, 2 + step / 8, 1) + rng.normal(0, 0.1, x.size)
    fit = Minuit(LeastSquares(x, y, 0.1, decay), a=1, t=1, c=0)
    fit.limits["t"] = (0.1, 100)
    strategy = strategy or fit.strategy
    fit.strategy = strategy.strategy
    fit.migrad().hesse()
    found.append((fit.valid, dict(zip(fit.parameters, fit.values)), list(fit.errors)))
    del fit
    for turn in range(40):
        rough = sum(abs(y[k] - decay(x[k], *found[-1][1].values())) for k in range(len(x)))
    print(step, found[-1], strategy.strategy, rough, flush=True)
