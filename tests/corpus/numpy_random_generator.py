# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""numpy Generators over several bit generators, spawned seed sequences, a Metropolis sampler."""
import numpy as np

from digest import Digest, report


class Metropolis:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.x, self.accepted, self.chain = np.zeros(3), 0, []

    def energy(self, x):
        return float(np.sum((x - 1.0) ** 2) + np.sum(np.cos(3 * x)))

    def step(self):
        proposal = self.x + self.rng.normal(0, 0.3, 3)
        if self.rng.random() < np.exp(min(0.0, self.energy(self.x) - self.energy(proposal))):
            self.x, self.accepted = proposal, self.accepted + 1
        self.chain.append(self.x[0])


sequences = np.random.SeedSequence(77).spawn(3)
samplers = [Metropolis(sequence) for sequence in sequences]
kinds = [np.random.PCG64(1), np.random.MT19937(2), np.random.Philox(3), np.random.SFC64(4)]
generators = [np.random.Generator(kind) for kind in kinds]
digest = Digest()
for i in range(48000):
    samplers[i % 3].step()
    generator = generators[i % 4]
    value = generator.integers(0, 1000) + generator.standard_normal()
    if i % 100 == 0:
        digest.add(value, samplers[i % 3].x, generator.permutation(6), generator.bytes(5))
for sampler in samplers:
    digest.add(sampler.accepted, np.array(sampler.chain).sum())
digest.add(sequences[0].spawn(1)[0].generate_state(2))
report("numpy_random_generator", digest)
