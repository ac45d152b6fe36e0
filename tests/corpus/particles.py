# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""A usual simulation: argparse, a main() with everything in locals, slots, early exit code."""
import argparse
import math
import random
import sys

from digest import Digest, report


class Particle:
    __slots__ = ("x", "v", "number")

    def __init__(self, number, rng):
        self.x, self.v, self.number = rng.random(), rng.gauss(0, 1), number


class Simulation:
    def __init__(self, n, seed):
        self.rng = random.Random(seed)
        self.particles = [Particle(i, self.rng) for i in range(n)]
        self.time, self.energy, self.steps = 0.0, [], 0

    def force(self, particle):
        return -math.sin(2 * math.pi * particle.x)

    def step(self, dt):
        energy = 0.0
        for particle in self.particles:
            particle.v += self.force(particle) * dt
            particle.x = (particle.x + particle.v * dt) % 1.0
            energy += 0.5 * particle.v ** 2
        self.time += dt
        self.steps += 1
        self.energy.append(energy)
        return energy

    def run(self, n, dt=0.01, callback=None):
        for _ in range(n):
            energy = self.step(dt)
            if callback is not None and self.steps % 10 == 0:
                callback(self, energy)


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=70000)
    parser.add_argument("--particles", type=int, default=60)
    options = parser.parse_args(argv)
    best = []
    simulation = Simulation(options.particles, 42)
    simulation.run(options.steps, callback=lambda s, e: best.append((round(e, 8), s.steps)))
    digest = Digest()
    digest.add(min(best), len(best), simulation.energy, [p.x for p in simulation.particles])
    report("particles", digest)
    return 3


if __name__ == "__main__":
    sys.exit(main())
