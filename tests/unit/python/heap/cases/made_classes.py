# Classes that an installed package made inside functions are that package's own after a load, and
# the keys of its registries do not send the search for them round in a circle. So is the module
# that it made.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))
import classregistry  # noqa: E402

import classmaker  # noqa: E402

named, plain, special = classmaker.Named, classmaker.Plain(), classmaker.Special()
pair = classmaker.Pair(1, [2])
registered = classregistry.registry[int]
extra = classmaker.extra
# As a function of the package would make it anew: its class methods are found by name, but not by an import.
exec("class Late:\n    @classmethod\n    def title(cls):\n        return cls.__name__, cls is Late\n", vars(classmaker))
title = classmaker.Late.title


class Derived(classmaker.Plain):
    pass


derived = Derived()


def check():
    assert named is classmaker.Named and classregistry.registry[named] is named
    assert type(plain) is classmaker.Plain and classregistry.registry[type(plain)] == "plain"
    assert type(special) is classmaker.Special is registered
    assert type(pair) is classmaker.Pair and pair == (1, [2])
    assert title() == ("Late", True) and title.__self__ is classmaker.Late
    assert isinstance(derived, classmaker.Plain) and type(derived) is Derived
    assert Derived in classmaker.Plain.__subclasses__()
    assert extra is classmaker.extra is sys.modules["classmaker.extra"]
    assert type(special).__class__ is extra.Meta
