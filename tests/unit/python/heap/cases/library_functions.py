# What functions of libraries keep: attributes, containers among their defaults, variables around them.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))
import rememberer  # noqa: E402


class Own:
    pass


@rememberer.describe.register
def describe_own(value: Own):
    return "one of ours"


@rememberer.describe.register(int)
def describe_int(value):
    return "a number"


assert rememberer.describe(Own()) == "one of ours"
rememberer.double(2), rememberer.double(5)
seen = rememberer.double(7)[2]
rememberer.remembered("a"), rememberer.remembered("b")
rememberer.tallied(5)
rememberer.tallied.note = Own
rememberer.Worker().work()
into = rememberer.Worker().listed()
kept = rememberer.double
setting = rememberer.Setting("a", 2, x=into)
rememberer.of_thread.stack = [into]
rememberer.holder.of_thread.depth += 3
rememberer.settings(profile="fast").level = 5
fast, plain = rememberer.settings(profile="fast"), rememberer.settings("at import")
tools = [rememberer.Workshop.tool(name) for name in (1, 1.0, "saw", "file")]
rememberer.Workshop().open
expression = rememberer.Expression(rememberer.Number(1), rememberer.Number(2), evaluate=False)


def check_caches():
    information = rememberer.settings.cache_info()
    assert information[:2] == (2, 2) and information.currsize == 2, information
    assert rememberer.settings(profile="fast") is fast and fast.level == 5
    assert rememberer.settings("at import") is plain
    tool = rememberer.Workshop.tool
    assert [tool(name) is made for name, made in zip((1.0, "saw", "file"), tools[1:])] == [True] * 3
    cached = variables(tool)["cached"]
    assert cached.cache_info()[1:] == (4, 3, 3)
    assert variables(rememberer.Workshop.open.fget)["calls"] == 1


def variables(function):
    return dict(zip(function.__code__.co_freevars, (cell.cell_contents for cell in function.__closure__)))


ran = []


def check():
    assert rememberer.describe(Own()) == "one of ours" and rememberer.describe(7) == "a number"
    assert rememberer.describe("x") == "something" and rememberer.describe.dispatch(Own) is describe_own
    double = variables(rememberer.double)
    assert rememberer.double is kept and double["calls"] == 3 and double["seen"] is seen
    assert seen == [(2,), (5,), (7,)]
    assert [rememberer.remembered(x) for x in "cab"] == [2, 0, 1]
    assert rememberer.tallied.total == 5 and rememberer.tallied.note is Own
    assert variables(rememberer.Worker.work)["calls"] == 1
    assert rememberer.Worker.listed.__kwdefaults__["into"] is into and into == [0]
    assert vars(rememberer.of_thread) == {"stack": [into]} and rememberer.of_thread.stack[0] is into
    assert vars(rememberer.holder.of_thread) == {"depth": 3}
    assert setting == ("a", 2, {"x": into}) and setting.options["x"] is into
    assert type(setting) is rememberer.Setting
    assert type(expression) is rememberer.Expression and [part.value for part in expression.parts] == [1, 2]
    ran.append(1)
    if len(ran) == 2:  # what changes when it is asked: after saving, and after loading
        check_caches()
