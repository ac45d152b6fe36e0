# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Minimisers of scipy with callbacks: simplex, quasi-Newton, differential evolution, basin hopping."""
import numpy as np
from scipy import optimize

trace = []


def rosenbrock(x):
    return float(sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0))


def ripples(x):
    return float(np.sum(x ** 2) + 10 * np.sum(1 - np.cos(2 * np.pi * x)))


def note(x, *_, **__):
    trace.append(float(np.sum(x)))


for method in ("Nelder-Mead", "Powell", "CG", "BFGS", "L-BFGS-B", "SLSQP", "trust-constr", "COBYLA"):
    result = optimize.minimize(rosenbrock, np.array([1.3, 0.7, 0.8, 1.9]), method=method,
                               callback=None if method == "COBYLA" else note,
                               options={"maxiter": 150})
    print(method, result.nfev, repr(float(result.fun)), result.x.tolist())
result = optimize.differential_evolution(ripples, [(-5, 5)] * 4, seed=3, maxiter=40, callback=note)
print("evolution", result.nfev, repr(float(result.fun)), result.x.tolist())
result = optimize.basinhopping(ripples, np.ones(3) * 3, niter=25, seed=4,
                               minimizer_kwargs={"method": "L-BFGS-B"}, callback=note)
print("hopping", result.nfev, repr(float(result.fun)), result.x.tolist())
result = optimize.dual_annealing(ripples, [(-5, 5)] * 3, seed=5, maxiter=60)
print("annealing", result.nfev, repr(float(result.fun)))
x = np.linspace(0, 4, 60)
parameters, covariance = optimize.curve_fit(
    lambda t, a, b, c: a * np.exp(-b * t) + c, x, 2.5 * np.exp(-1.3 * x) + 0.5 + 0.01 * np.cos(9 * x))
print(parameters.tolist(), covariance.tolist())
print(optimize.brentq(lambda t: t ** 3 - 2, 0, 2), optimize.fsolve(lambda t: [t[0] ** 2 - t[1], t[1] - 2], [1, 1]).tolist())
print(len(trace), repr(sum(trace)))
