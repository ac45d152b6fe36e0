# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""A straight line fitted by Markov chains with emcee, moves of two kinds."""
import emcee
import numpy as np

np.random.seed(42)
x = np.sort(10 * np.random.rand(40))
y = -0.96 * x + 4.3 + 0.5 * np.random.randn(40)


def log_probability(theta):
    slope, offset, log_error = theta
    if not (-5 < slope < 0.5 and 0 < offset < 10 and -10 < log_error < 1):
        return -np.inf
    variance = np.exp(2 * log_error)
    return -0.5 * np.sum((y - slope * x - offset) ** 2 / variance + np.log(variance))


start = np.array([-1.0, 4.0, -0.7]) + 1e-3 * np.random.randn(24, 3)
sampler = emcee.EnsembleSampler(24, 3, log_probability,
                                moves=[(emcee.moves.StretchMove(), 0.7), (emcee.moves.DEMove(), 0.3)])
for number, state in enumerate(sampler.sample(start, iterations=600)):
    if number % 100 == 0:
        print(number, state.coords[0].tolist(), float(state.log_prob.max()))
chain = sampler.get_chain(discard=100, thin=5, flat=True)
print(chain.shape, chain.mean(axis=0).tolist(), chain.std(axis=0).tolist())
print(sampler.acceptance_fraction.tolist())
