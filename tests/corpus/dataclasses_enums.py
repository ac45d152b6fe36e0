# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Dataclasses (frozen, slots, ordered, defaults), enums and flags as keys, states and attributes."""
import enum
from dataclasses import asdict, dataclass, field, replace

from digest import Digest, report


class Phase(enum.Enum):
    SOLID = 1
    LIQUID = 2
    GAS = 3

    def hotter(self):
        return Phase(min(self.value + 1, 3))


class Access(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()
    BOTH = READ | WRITE


class Priority(enum.IntEnum):
    LOW = 1
    HIGH = 5


@dataclass(frozen=True, order=True)
class Key:
    phase: int
    name: str = "?"


@dataclass(slots=True)
class Sample:
    heat: float
    phase: Phase = Phase.SOLID
    access: Access = Access.READ
    notes: list = field(default_factory=list)

    def warm(self, by):
        self.heat += by
        if self.heat > 10:
            self.heat -= 10
            self.phase = self.phase.hotter() if self.phase is not Phase.GAS else Phase.SOLID
            self.notes.append(self.phase)
            if len(self.notes) > 20:
                self.notes.clear()


samples = [Sample(float(i)) for i in range(12)]
counts = dict.fromkeys(Phase, 0)
table = {}
digest = Digest()
for i in range(1300000):
    sample = samples[i % 12]
    sample.warm((i % 7) * Priority.HIGH / 10)
    counts[sample.phase] += 1
    if i % 10 == 0:
        sample.access ^= Access.WRITE
        key = Key(sample.phase.value, f"k{i % 50}")
        table[key] = table.get(key, 0) + (Access.WRITE in sample.access)
    if i % 20000 == 0:
        assert sample.phase in Phase and sample.phase is Phase[sample.phase.name]
        digest.add(asdict(sample), replace(sample, heat=0.0), sorted(table.items())[:9], counts)
digest.add(max(table), len(table), Access.BOTH, Priority.LOW + 1)
report("dataclasses_enums", digest)
