# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Statistics with statsmodels: formulas, generalised models, a time series, robust fits."""
import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf

warnings.simplefilter("ignore")
rng = np.random.default_rng(77)
n = 250
table = pd.DataFrame({"x": rng.normal(size=n), "group": rng.choice(list("abc"), n)})
table["y"] = 1.5 * table.x + (table.group == "b") * 0.7 + rng.standard_t(4, n)
table["count"] = rng.poisson(np.exp(0.3 * table.x + 0.5))
table["hit"] = (rng.random(n) < 1 / (1 + np.exp(-table.x))).astype(int)
print(smf.ols("y ~ x * C(group)", table).fit().params.tolist())
print(smf.glm("count ~ x", table, family=sm.families.Poisson()).fit().params.tolist())
print(smf.logit("hit ~ x", table).fit(disp=0).params.tolist())
print(sm.RLM(table.y, sm.add_constant(table.x)).fit().params.tolist())
print(smf.mixedlm("y ~ x", table, groups=table.group).fit().params.tolist())
series = np.cumsum(rng.normal(size=120))
print(sm.tsa.ARIMA(series, order=(1, 1, 1)).fit().params.tolist())
def note(params):
    """Of each step of a fit: a snapshot in the middle of it must go on there."""
    print(params.tolist())


seasonal = sm.tsa.SARIMAX(series, order=(1, 0, 1), seasonal_order=(1, 0, 0, 4))
print(seasonal.fit(disp=0, maxiter=8, callback=note).llf)
level = sm.tsa.UnobservedComponents(series, "local linear trend").fit(disp=0, maxiter=8, callback=note)
print(level.smoothed_state[:, ::40].tolist())
for seed in range(20):
    sample = table.sample(n, replace=True, random_state=seed)
    fit = smf.quantreg("y ~ x", sample).fit(q=0.3)
    print(seed, fit.params.tolist())
print(sm.nonparametric.lowess(table.y, table.x, frac=0.4)[::40].tolist())
