# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Algebra with sympy: integrals, series, a system of equations, a matrix, differential equations."""
import sympy as sp

x, y, z, t = sp.symbols("x y z t")
f = sp.Function("f")
with sp.evaluate(False):
    unevaluated = sp.cos(0) + x + x
twice = sp.Mul(2, x + y, evaluate=False)
print(sp.expand((x + y + z) ** 12).coeff(x, 4))
print(sp.factor(x ** 12 - 1), sp.apart(1 / (x ** 4 - 1), x))
print(sp.integrate(sp.exp(-x) * sp.sin(2 * x) * x, x))
print(sp.series(sp.tan(sp.sin(x)), x, 0, 12))
print(sp.solve([x ** 2 + y ** 2 - 5, x * y - 2], [x, y]))
print(sp.dsolve(f(t).diff(t, 2) + 3 * f(t).diff(t) + 2 * f(t) - sp.cos(t), f(t)))
matrix = sp.Matrix(4, 4, lambda i, j: sp.Rational(1, i + j + 1) + (x if i == j else 0))
print(sp.factor(matrix.det()), matrix.subs(x, 0).inv())
print(list(sp.primerange(100, 180)), sp.factorint(2 ** 67 - 1))
print(sp.groebner([x ** 2 + y * z - 2, y ** 2 + x * z - 3, x * y + z ** 2 - 5], x, y, z).exprs[-1])
print(sp.simplify(sp.sin(x) ** 4 + 2 * sp.sin(x) ** 2 * sp.cos(x) ** 2 + sp.cos(x) ** 4))
g = sp.lambdify((x, y), sp.sin(x) * sp.exp(y) + x / y, "math")
print(repr(sum(g(i / 7, 1 + i / 9) for i in range(50))))
print(sp.N(sp.pi, 200))
print(unevaluated, twice, twice.args, sp.Symbol("x") is x, unevaluated.doit())
