# Modules by value and by reference; what hangs on sys.modules.
import itertools
import os
import sys
import types

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
import usermod
import usermod as again
from usermod import State, bump
import os.path as library

usermod.patched = "patched"
bump()
state = usermod.STATE
by_hand = types.ModuleType("by_hand", "docs")
exec("x = 1\ndef f(): return x", by_hand.__dict__)
sys.modules["by_hand"] = by_hand
sys.modules["alias_of_main"] = sys.modules["__main__"]
me = sys.modules["__main__"]
namespace = globals()
# A loop over sys.modules, in an order that no import makes.
for name in ("by_hand", "os", "types"):
    sys.modules[name] = sys.modules.pop(name)
modules_met = []
modules_left = iter(sys.modules)
modules_reversed = reversed(sys.modules)
for _ in range(7):
    modules_met.append(next(modules_left))
    next(modules_reversed)
module_names = list(sys.modules)
# A module of C code that is in another one only.
inner = getattr(sys, "monitoring", None)
of_inner = inner and [inner, inner.__dict__, inner.events, inner.DISABLE, {inner.MISSING: 1}, inner.get_tool]


def check():
    at = len(modules_met)
    modules_met.extend(itertools.islice(modules_left, 9))
    assert modules_met == module_names[:at + 9] and module_names == list(sys.modules)
    assert list(itertools.islice(modules_reversed, 9)) == module_names[::-1][at:at + 9]
    assert usermod.COUNT == 1 and usermod.bump is bump and again is usermod and usermod.STATE is state
    assert type(state) is State and usermod.patched == "patched" and sys.modules["usermod"] is usermod
    usermod.COUNT = 5
    assert usermod.read() == 5
    usermod.COUNT = 1
    assert by_hand.f() == 1 and sys.modules["by_hand"] is by_hand and by_hand.__doc__ == "docs"
    assert sys.modules["alias_of_main"] is me is sys.modules["__main__"] and me.__dict__ is namespace is globals()
    if inner:
        assert inner is sys.monitoring and of_inner[1] is vars(inner) and of_inner[3] is inner.DISABLE
        assert of_inner[2] is inner.events and inner.events.CALL in vars(inner.events).values()
        assert of_inner[4][inner.MISSING] == 1 and of_inner[5](3) is None
    assert library is os.path and usermod.shared_list is usermod.alias
    assert not [m for m in sys.modules if "chkpt" in m or "heap" in m]
