# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Molecular dynamics with ase: a copper cluster, warmed up by a Langevin thermostat, then left alone."""
import numpy as np
from ase import units
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet

rng = np.random.RandomState(5)
atoms = bulk("Cu", cubic=True).repeat((2, 2, 1))
atoms.calc = EMT()
MaxwellBoltzmannDistribution(atoms, temperature_K=300, rng=rng)

energies = []


def record(a=atoms):
    energies.append((a.get_potential_energy(), a.get_kinetic_energy()))


warm = Langevin(atoms, 5 * units.fs, temperature_K=400, friction=0.02, rng=rng,
                logfile="warm.log", loginterval=5)
warm.attach(record, interval=2)
warm.run(40)
free = VelocityVerlet(atoms, 5 * units.fs, trajectory="free.traj", logfile="free.log")
free.attach(record, interval=2)
free.run(40)
for potential, kinetic in energies:
    print(repr(potential), repr(kinetic))
print(repr(float(np.abs(atoms.get_positions()).sum())))
