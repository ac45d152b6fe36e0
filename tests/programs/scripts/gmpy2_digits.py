# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Numbers of gmpy2 in contexts of two precisions: square roots, primes, fractions."""
import gmpy2
from gmpy2 import mpfr, mpq, mpz

wide = gmpy2.get_context()
wide.precision = 200
narrow = gmpy2.context(precision=40, round=gmpy2.RoundUp, real_prec=30)
root, prime, part, near = mpfr(2), mpz(1), mpq(1, 3), mpfr(1)
for step in range(100000):
    root = gmpy2.sqrt(root + step % 7)
    prime = gmpy2.next_prime(prime)
    part = part * mpq(2, 3) + 1 if step % 200 else mpq(1, step + 3)
    gmpy2.set_context(narrow)
    near = near / 3 + 1
    gmpy2.set_context(wide)
    if step % 20000 == 0:
        print(step, root, prime, part.denominator, near, narrow.inexact, flush=True)
print(gmpy2.get_context() is wide, wide.precision, narrow.real_prec, isinstance(prime, mpz), hash(part), near)
