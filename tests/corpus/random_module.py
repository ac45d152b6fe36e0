# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""The module random: its global generator, own instances, gauss's spare value, state put back."""
import random

from digest import Digest, report


class Dice(random.Random):
    def roll(self):
        return self.randint(1, 6) + self.randint(1, 6)


random.seed(12345)
own, dice = random.Random(99), Dice(7)
kept = None
digest = Digest()
deck = list(range(52))
total = 0.0
for i in range(700000):
    total += random.gauss(0, 1) + own.normalvariate(0, 1) * random.random()
    if i % 3 == 0:
        total += dice.roll() * random.expovariate(2.0)
    if i % 40 == 0:
        random.shuffle(deck)
        total += deck[0] + own.choice(deck) + sum(random.sample(deck, 5))
    if i % 5000 == 0:
        digest.add(total, random.getrandbits(100), dice.betavariate(1, 2))
        if i % 25000 == 0:
            kept = random.getstate()
        elif i % 35000 == 0:
            random.setstate(kept)
digest.add(total, random.choices("abcdef", k=20))
report("random_module", digest)
