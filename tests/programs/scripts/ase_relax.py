# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Geometry optimisation and a nudged elastic band with ase: an adatom on a surface."""
from ase.build import add_adsorbate, fcc111
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.neb import NEB
from ase.optimize import BFGS, FIRE


def slab(where):
    atoms = fcc111("Al", size=(2, 2, 3), vacuum=8.0)
    add_adsorbate(atoms, "Al", 2.0, where)
    atoms.set_constraint(FixAtoms(mask=[atom.tag > 2 for atom in atoms]))
    atoms.calc = EMT()
    return atoms


first, last = slab("fcc"), slab("hcp")
for atoms in (first, last):
    optimizer = BFGS(atoms, logfile=None)
    print(optimizer.run(fmax=0.02), optimizer.nsteps, repr(atoms.get_potential_energy()))

images = [first] + [first.copy() for _ in range(3)] + [last]
band = NEB(images)
band.interpolate()
for image in images[1:-1]:
    image.calc = EMT()
search = FIRE(band, logfile=None)
search.run(fmax=0.05, steps=30)
print(search.nsteps, [repr(float(image.get_potential_energy())) for image in images])
