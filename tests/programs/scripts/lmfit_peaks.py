# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Curves fitted with lmfit: two peaks on a slope, confidence intervals, uncertainties."""
import lmfit
import numpy as np
from lmfit.models import GaussianModel, LinearModel, VoigtModel

rng = np.random.default_rng(31)
x = np.linspace(0, 20, 150)
truth = 0.1 * x + 4 * np.exp(-((x - 6) / 1.2) ** 2) + 3 * np.exp(-((x - 12) / 2.0) ** 2)
steps = []


def note(parameters, iteration, residual, *_, **__):
    steps.append((iteration, float(np.sum(residual ** 2))))


for number in range(4):
    y = truth + 0.1 * rng.standard_normal(x.size)
    model = GaussianModel(prefix="a_") + VoigtModel(prefix="b_") + LinearModel()
    parameters = model.make_params(a_center=5, a_sigma=1, a_amplitude=5, b_center=11, b_sigma=1,
                                   b_amplitude=5, slope=0, intercept=0)
    parameters["b_sigma"].set(min=0.1)
    parameters.add("ratio", expr="a_amplitude / b_amplitude")
    fit = model.fit(y, parameters, x=x, iter_cb=note)
    print(number, fit.nfev, {name: repr(float(p.value)) for name, p in fit.params.items()})


def decay(p):
    return p["a"] * np.exp(-p["b"] * x) - 3 * np.exp(-0.2 * x) - 0.02 * np.sin(3 * x)


p = lmfit.Parameters()
p.add_many(("a", 2), ("b", 0.1))
for method in ("leastsq", "nelder", "lbfgsb", "powell"):
    mini = lmfit.Minimizer(decay, p)
    out = mini.minimize(method=method)
    print(method, out.nfev, {name: repr(float(q.value)) for name, q in out.params.items()})
print(lmfit.conf_interval(lmfit.Minimizer(decay, p), lmfit.minimize(decay, p)))
print(len(steps), repr(sum(value for _, value in steps)))
