# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Decimal contexts, fractions, big integers, complex numbers, and a decimal trap left set."""
import decimal
import fractions
from decimal import Decimal

from digest import Digest, report

digest = Digest()
decimal.getcontext().prec = 60
decimal.getcontext().rounding = decimal.ROUND_HALF_DOWN
pi, third = Decimal(3), fractions.Fraction(1, 3)
a, b = 1, 1
z = complex(0.1, 0.2)
sign, n = 1, 2
for i in range(360000):
    pi += sign * Decimal(4) / (n * (n + 1) * (n + 2))
    sign, n = -sign, n + 2
    a, b = b, (a * 3 + b) % (1 << 400)
    z = z * z + complex(-0.4, 0.3 if i % 2 else 0.25)
    if abs(z) > 2:
        z = complex(0.1, 0.01 * (i % 9))
    if i % 500 == 0:
        third = (third + fractions.Fraction(i, i + 7)).limit_denominator(10**12)
        with decimal.localcontext() as context:
            context.prec = 20
            for k in range(40):
                pi_short = +pi * k
            digest.add(pi_short)
        digest.add(pi, third, a.bit_length(), b % 99991, z, pow(a, 65537, (1 << 127) - 1))
try:
    Decimal(1) / Decimal(0)
except decimal.DivisionByZero as error:
    digest.add(type(error).__name__, decimal.getcontext().prec, decimal.getcontext().rounding)
report("exact_numbers", digest)
