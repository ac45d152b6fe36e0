# the type operator.attrgetter of another import of the module _operator
import sys

import _operator

first = sys.modules.pop("_operator")
import _operator

held = first.attrgetter("x")
first = None


def check():
    assert held(type("", (), {"x": 3})) == 3
