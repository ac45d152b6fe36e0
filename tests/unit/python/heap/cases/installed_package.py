# Instances of an installed package's classes go on where they were; only where their raw state
# cannot be saved does the class's own __getstate__ decide. What the package holds itself and cannot
# be saved is left out.
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))
import transferable  # noqa: E402

cycle = transferable.Cycle()
next(cycle.colours)
matches = transferable.Matches("banana")
next(matches.found)
shared = transferable.registry["cycle"]
shared.name = "changed"
transferable.registry["more"] = [cycle]
# Found again after an import by keys that are equal, not the same.
transferable.compiled["c", frozenset(["word", 2])] = [3]
first_number = transferable.first_number
transferable.unsaveable = re.finditer("a", "a")
layer = transferable.Layer(4)
ring = transferable.Ring("ab")
names = transferable.Names(f"name {number % 700}" for number in range(900))
for number in range(0, 700, 2):  # what is left stands where others have been in its way
    names.discard(f"name {number}")
names.kept = fixed = transferable.FixedNames([33, 1, 17, 65])
orders = list(names), list(fixed)
field = transferable.Field("one", [1])
untouched, asked = transferable.Column("a"), transferable.Column("b")
expression = asked.expression
comparator = vars(asked)["comparator"]
settings = transferable.Settings()
settings.update(a=1, itself=settings)
settings.evaluated.append("a + 1")
device, connection = transferable.Device(), transferable.Connection()
device.calls.append(connection)
connection.calls.append(1)
picture = transferable.Picture()
picture.read_only = 1
timer, steps = transferable.Timer(1), transferable.Counter("steps")
timer.__enter__()
steps.limit, steps.count = 4, 4
values, table = transferable.Sorted([1, 2]), transferable.SortedTable({1: 2})
half_way = values.parts, values.parts[0]
add = table.add
symbol = transferable.Symbol("x")
symbol.length = 1
log, recent, ordered = transferable.Log(), transferable.Recent("abcd"), transferable.Ordered(b=1, a=2)
log.append(log)
marks = log.marks
part = transferable.Part()
log.seen = recent.seen = ordered.seen = part.size = 3
part.name = "part"
token, red = transferable.Token("word", 3), transferable.Colour.RED
token.end = 7
handles = device.handle, connection.handle
here = os.getpid()
ran = []


def check():
    assert cycle.name == "cycle" and matches.text == "banana"
    assert shared is transferable.registry["cycle"] and shared.name == "changed"
    assert transferable.registry["more"][0] is cycle
    assert list(transferable.compiled.values())[1:] == ["two", [3]]
    assert type(transferable.compiled["a+", frozenset(["word", 1])]) is type(re.finditer("a", "a"))
    assert transferable.compiled["c", frozenset([2, "word"])] == [3]
    assert transferable.first_number == first_number
    assert type(layer) is transferable.Layer and (layer.size, layer.entries) == (4, None)
    assert ring.links[0].next is ring.links[1] and ring.links[1].next is ring.links[0]
    assert orders == (list(names), list(fixed)) and names.kept is fixed
    assert transferable.find_field("one") is field and field.of == [1]
    assert list(vars(untouched)) == ["name"] and list(vars(asked)) == ["name", "comparator"]
    assert expression is asked and comparator is asked.comparator and comparator.expression is asked
    assert settings.evaluated == ["a + 1"] and list(settings) == ["a", "itself"] and settings["itself"] is settings
    assert device.calls == [connection] and connection.calls == [1]
    assert picture.read_only == 1
    assert (timer.clock, timer.nesting) == (1, 1)
    assert (steps.name, steps.limit, steps.count) == ("steps", 4, 4)
    assert half_way[0] is values.parts and half_way[1] is values.parts[0] == [1]
    assert add.__self__ is table.order is table.add.__self__ and list(table) == [1]
    assert transferable.Symbol("x") is symbol
    assert log.seen == 3 and log.marks is marks and log[0] is log and len(log) == 1
    assert recent.seen == 3 and list(recent) == ["b", "c", "d"] and recent.maxlen == 3
    assert ordered.seen == 3 and list(ordered) == ["b", "a"]
    assert (part.size, part.name) == (3, "part")
    assert (token, token.start, token.end) == ("word", 3, 7) and type(token) is transferable.Token
    assert red is transferable.Colour.RED
    opened_again = os.getpid() != here
    assert ((device.handle, connection.handle) == handles) != opened_again
    ran.append(1)
    if len(ran) < 2:  # what can be asked once only: after saving, and after loading
        return
    assert next(cycle.colours) == "b"
    loaded = not hasattr(transferable, "unsaveable")
    assert next(matches.found).start() == (1 if loaded else 3)
