# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Solvers in Fortran that keep where they are in COMMON blocks between two calls."""
from scipy.integrate import LSODA, ode

from digest import Digest, report


def swing(t, y):
    return [y[1], (1 - y[0] * y[0]) * 5.0 * y[1] - y[0]]


def spin(t, z):
    return [1j * z[0] * (2 + 0.1 * z[1].real), -0.05 * z[1] + 0.01 * z[0]]


digest = Digest()
for name, options, function, start in (("vode", {"method": "adams"}, swing, [2.0, 0.0]),
                                       ("lsoda", {}, swing, [2.0, 0.0]),
                                       ("vode", {"method": "bdf"}, swing, [2.0, 0.0]),
                                       ("zvode", {"method": "adams"}, spin, [1.0 + 0j, 1.0 + 0j])):
    solver = ode(function).set_integrator(name, rtol=1e-9, atol=1e-12, nsteps=5000, **options)
    solver.set_initial_value(start, 0.0)
    while solver.successful() and solver.t < 30:
        digest.add(name, *solver.integrate(solver.t + 0.1))
stepper = LSODA(swing, 0.0, [2.0, 0.0], 30.0, rtol=1e-8, atol=1e-10)
while stepper.status == "running":
    stepper.step()
    digest.add(stepper.t, *stepper.y)
report("fortran solvers", digest)
