# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Records with attrs and pydantic: validators, converters, frozen keys, models in models."""
import datetime
from typing import List, Optional

import attr
import pydantic


@attr.s(auto_attribs=True, slots=True, order=True)
class Point:
    x: float
    y: float = attr.ib(default=0.0, converter=float)
    tags: List[str] = attr.Factory(list)


@attr.define(frozen=True, order=True)
class Key:
    name: str
    number: int = attr.field(validator=attr.validators.instance_of(int))


class Address(pydantic.BaseModel):
    street: str
    number: int = 1


class Person(pydantic.BaseModel):
    name: str
    born: datetime.date
    addresses: List[Address] = []
    boss: Optional["Person"] = None

    @pydantic.validator("name")
    def short(cls, value):
        if len(value) > 20:
            raise ValueError("too long")
        return value.title()


Person.update_forward_refs()
table = {}
people = []
failed = total = 0
for number in range(4000):
    key = Key(f"key{number % 13}", number % 7)
    point = Point(number / 3, str(number), ["a"] * (number % 3))
    table[key] = max(table.get(key, point), attr.evolve(point, x=point.y))
    try:
        person = Person(name="n" * (number % 23 + 1), born=f"19{number % 60 + 10}-02-{number % 28 + 1:02d}",
                        addresses=[{"street": f"s{number}", "number": str(number)}],
                        boss=people[-1].copy(update={"boss": None}) if people else None)
        people.append(person)
    except pydantic.ValidationError as error:
        failed += len(error.errors())
    total += len(person.json()) + hash(key.name == "key3")
print(failed, len(people), total, list(table.items())[:5])
print(people[-1].json())
