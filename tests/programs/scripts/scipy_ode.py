# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Ordinary differential equations with scipy: solve_ivp with events, integrate.ode, the solver classes."""
import numpy as np
from scipy.integrate import RK45, ode, odeint, solve_ivp


def lorenz(t, y, sigma=10.0, rho=28.0, beta=8.0 / 3.0):
    return [sigma * (y[1] - y[0]), y[0] * (rho - y[2]) - y[1], y[0] * y[1] - beta * y[2]]


def crossing(t, y):
    return y[2] - 27.0


crossing.direction = 1
for method in ("RK45", "DOP853", "Radau", "BDF", "LSODA"):
    end = 12 if method in ("RK45", "DOP853") else 3
    solution = solve_ivp(lorenz, (0, end), [1.0, 1.0, 1.0], method=method, events=crossing,
                         rtol=1e-8, atol=1e-10, dense_output=True)
    print(method, solution.nfev, len(solution.t_events[0]), solution.sol(end / 2).tolist())

for name in ("dopri5", "dop853"):
    stepper = ode(lorenz).set_integrator(name, rtol=1e-9, atol=1e-12)
    stepper.set_initial_value([1.0, 1.0, 1.0], 0.0)
    path = []
    while stepper.successful() and stepper.t < 10:
        path.append(stepper.integrate(stepper.t + 0.05).copy())
    print(name, len(path), path[-1].tolist(), float(np.sum(path)))

stepper = RK45(lorenz, 0.0, np.array([1.0, 1.0, 1.0]), 20.0, rtol=1e-7, atol=1e-9)
steps = 0
while stepper.status == "running":
    stepper.step()
    steps += 1
print(steps, stepper.t, stepper.y.tolist(), stepper.nfev)
print(odeint(lorenz, [1.0, 1.0, 1.0], np.linspace(0, 3, 7), tfirst=True).tolist())
