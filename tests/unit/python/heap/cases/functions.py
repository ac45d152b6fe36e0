# Functions, closures, code objects, methods, decorators.
import functools
import operator
import os.path

side = []


def plain(a, b=[1], *args, c, d={"k": 1}, **kw) -> "note":
    "doc"
    return a, b, args, c, d, kw


plain.attribute = plain


def counter():
    n = 0

    def bump():
        nonlocal n
        n += 1
        return n

    def peek():
        return n

    return bump, peek


bump, peek = counter()
bump()


def recursive_closure():
    def fact(n):
        return 1 if n < 2 else n * fact(n - 1)

    return fact


fact = recursive_closure()


def deco(f):
    @functools.wraps(f)
    def wrapper(*args):
        side.append(f.__name__)
        return f(*args)

    return wrapper


@deco
def decorated(x):
    return x * 2


lambdas = [lambda i=i: i * 10 for i in range(3)]
empty_cell = (lambda: later).__code__


def unset():
    def inner():
        return later

    if False:
        later = 1
    return inner


unset_inner = unset()
namespace = {}
exec("def made(x):\n    return x + offset\noffset = 100", namespace)
made = namespace["made"]
custom_builtins = {"__builtins__": {"len": lambda x: "mine"}}
exec("def f(x): return len(x)", custom_builtins)
code = compile("a + 1", "<expr>", "eval")


class Methods:
    def bound(self):
        return self

    @classmethod
    def of_class(cls):
        return cls

    @staticmethod
    def static(x):
        return x

    @property
    def prop(self):
        return 5

    @functools.cached_property
    def cached(self):
        return object()

    @functools.lru_cache(maxsize=2)
    def remembered(self, x):
        return [x]

    part = functools.partialmethod(static, 3)

    @functools.singledispatchmethod
    def dispatch(self, x):
        return "any"

    @dispatch.register
    def _(self, x: int):
        return "int"

    def uses_super(self):
        return super().__repr__() != ""


m = Methods()
cached_value = m.cached
remembered = m.remembered(4)
bound, of_class, static = m.bound, m.of_class, m.static
unbound = Methods.bound
sup = super(Methods, m)
partial = functools.partial(plain, 1, c=3)
nested_partial = functools.partial(partial, x=2)


class OwnPartial(functools.partial):
    pass


calls_itself, holds_itself, own_partial = (kind(plain) for kind in (functools.partial, functools.partial, OwnPartial))
calls_itself.__setstate__((calls_itself, (1,), {}, None))
holds_itself.__setstate__((calls_itself, (holds_itself,), {"x": holds_itself}, {"note": holds_itself}))
own_partial.__setstate__((own_partial, (own_partial,), {}, {}))
own_partial.note = partial_names = holds_itself.__dict__
library = [os.path.join, functools.reduce, operator.itemgetter(1), operator.attrgetter("a.b"),
           operator.methodcaller("upper"), functools.cmp_to_key(lambda a, b: b - a)]
library = library[:5]


@functools.lru_cache(maxsize=None)
def fib(n):
    side.append(n)
    return n if n < 2 else fib(n - 1) + fib(n - 2)


fib(10)


@functools.lru_cache(maxsize=3, typed=True)
def bounded(a, b=0, *, c=0):
    return [a, b, c]


kept = [bounded(1), bounded(1.0), bounded((1, 2), b=2), bounded("s", c=3)]
bounded("s", c=3)
info = bounded.cache_info()


@functools.singledispatch
def generic(x):
    return "object"


@generic.register
def _(x: int):
    return "int"


generic(3)
print_it = print
changed = plain.__code__.replace(co_name="renamed")
mp = Methods.__dict__


class Child(Methods):
    pass


child_space = Child.__dict__  # of a class without descriptors of its own
side.clear()


def check():
    Child.added = 1
    assert child_space["added"] == 1
    del Child.added
    assert plain(1, c=2) == (1, [1], (), 2, {"k": 1}, {})
    assert plain.__doc__ == "doc" and plain.__annotations__ == {"return": "note"}
    assert plain.attribute is plain and plain.__globals__ is globals() and plain.__module__ == "__main__"
    start = peek()
    assert bump() == start + 1 and peek() == start + 1
    bump.__closure__[0].cell_contents = start
    assert fact(5) == 120
    assert decorated(4) == 8 and side == ["decorated"] and decorated.__wrapped__(3) == 6
    side.clear()
    assert [f() for f in lambdas] == [0, 10, 20] and lambdas[0].__name__ == "<lambda>"
    try:
        unset_inner()
    except NameError:
        pass
    else:
        raise AssertionError
    namespace["offset"] += 1
    assert made(1) == 1 + namespace["offset"] and made.__globals__ is namespace
    assert custom_builtins["f"]([1]) == "mine"
    assert eval(code, {"a": 4}) == 5
    assert bound() is m and of_class() is Methods and static(9) == 9 and m.prop == 5
    assert m.cached is cached_value and unbound(m) is m and m.part() == 3
    assert m.dispatch(1) == "int" and m.dispatch("") == "any" and m.uses_super()
    assert m.remembered(4) is remembered and Methods.remembered.cache_info().currsize == 1
    assert sup.__thisclass__ is Methods and sup.__self__ is m
    assert calls_itself.func is calls_itself and holds_itself.args[0] is holds_itself
    assert holds_itself.func is calls_itself and holds_itself.keywords["x"] is holds_itself is holds_itself.note
    assert type(own_partial) is OwnPartial and own_partial.func is own_partial is own_partial.args[0]
    assert own_partial.note is partial_names is holds_itself.__dict__
    assert partial(b=2) == (1, 2, (), 3, {"k": 1}, {}) and nested_partial()[5] == {"x": 2}
    assert library[0] is os.path.join and library[1] is functools.reduce
    assert library[2]([5, 6]) == 6 and library[4]("x") == "X"
    assert fib.cache_info().currsize == 11 and fib(10) == 55 and side == []
    assert bounded.cache_info() == info, (bounded.cache_info(), info)
    assert bounded.cache_info().currsize == 3 and bounded.__wrapped__(1) == [1, 0, 0]
    if False:
        assert kept
    assert generic(1) == "int" and generic("") == "object" and generic.registry[int](0) == "int"
    assert print_it is print and changed.co_name == "renamed"
    assert mp["bound"] is Methods.bound and mp == vars(Methods)
    try:
        m.prop = 3
    except AttributeError as e:
        assert "'prop' of 'Methods'" in str(e) or "can't set" in str(e), e
    global info_after
    info_after = None
