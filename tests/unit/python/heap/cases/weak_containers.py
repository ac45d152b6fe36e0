# What the script has in weak sets and dicts that a library made when it was imported.
import bz2
import gc
import os
import sys
import weakref

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))
import weakholder  # noqa: E402


class Mine:
    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return hash(self.n)

    def __eq__(self, other):
        return self.n == other.n


class Unsaveable:
    """Garbage that only the collector ends: no part of the script's state."""

    def __init__(self):
        self.me, self.packer = self, bz2.BZ2Compressor()


bars = [weakholder.Bar(0), weakholder.Bar(1)]
thing, other = Mine(3), Mine(4)
weakholder.registry.known.update([thing, bars[0]])
weakholder.named.update({"a": thing, ("b", 2): other, "bar": bars[1]})
dataset, last = weakholder.Dataset(), weakholder.Dataset()
dataset.width, dataset.partner = [3], weakholder.Dataset()
dataset.partner.width, dataset.partner.partner = dataset.width, last
weakholder.listeners.update({Mine: [bars], thing: 3})
gc.disable()
weakholder.registry.known.add(Unsaveable())
ran = []
begun = weakref.WeakSet.__new__(weakref.WeakSet)  # as inside its __init__
begun.data, begun._remove = set(), weakref.WeakSet()._remove


def check():
    global thing
    assert set(weakholder.Bar._instances) == {*bars, weakholder.own}, list(weakholder.Bar._instances)
    known = [one for one in weakholder.registry.known if not isinstance(one, Unsaveable)]
    assert set(known) == {thing, bars[0]} and thing in weakholder.registry.known
    assert weakholder.named["a"] is thing and weakholder.named["b", 2] is other and len(weakholder.named) == 3
    assert dataset.width == [3] and dataset.width is dataset.partner.width and dataset.partner.partner is last
    assert list(weakholder.listeners.items()) == [(weakholder.Bar, ["always"]), (Mine, [bars]), (thing, 3)]
    assert len(weakholder.Dataset.width.values) == 2 and last.width is None
    assert sorted(vars(begun)) == ["_remove", "data"] and type(begun) is weakref.WeakSet
    ran.append(1)
    if len(ran) < 2:
        return
    bars.pop()
    known = thing = None
    assert set(weakholder.Bar._instances) == {*bars, weakholder.own} and "a" not in weakholder.named
