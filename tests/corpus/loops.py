# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Nested for and while loops with else, break and continue, over many kinds of iterators."""
from digest import Digest, report

digest = Digest()
primes = []
number = 2
while len(primes) < 40000:
    for prime in primes:
        if prime * prime > number:
            primes.append(number)
            break
        if number % prime == 0:
            break
    else:
        primes.append(number)
    number += 1
    if number % 20000 == 0:
        digest.add(number, len(primes))

collatz = {}
for start in range(1, 200000):
    length, value = 0, start
    while value != 1:
        if value in collatz:
            length += collatz[value]
            break
        value = 3 * value + 1 if value & 1 else value >> 1
        length += 1
    else:
        digest.add("end", start)
    collatz[start] = length
    if start % 10000:
        continue
    digest.add(start, max(collatz.values()))
for i, (a, b) in enumerate(zip(reversed(primes), primes)):
    for j in range(10, -10, -3):
        if j < -5:
            break
        i += a * j - b
    digest.add(i)
report("loops", digest)
