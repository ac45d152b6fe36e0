# Objects of libraries' C types that are nothing but references: proxies and decorators of wrapt, interfaces and
# declarations of zope.interface.
try:
    import wrapt
    from zope.interface import Attribute, Interface, directlyProvides, implementedBy, implementer, providedBy
    from zope.interface.adapter import AdapterRegistry
except ImportError:
    raise SystemExit("SKIP: wrapt or zope.interface is not installed")

calls = []


@wrapt.decorator
def counted(wrapped, instance, args, kwargs):
    calls.append(wrapped.__name__)
    return wrapped(*args, **kwargs)


@counted
def double(x):
    return 2 * x


class Scaled:
    def __init__(self, factor):
        self.factor = factor

    @counted
    def times(self, x):
        return self.factor * x

    @counted
    @classmethod
    def name(cls):
        return cls.__name__


class Noted(wrapt.ObjectProxy):
    def __init__(self, wrapped):
        super().__init__(wrapped)
        self._self_notes = [self]


scaled = Scaled(3)
bound, noted, listed = scaled.times, Noted(scaled), wrapt.ObjectProxy([1])
listed.append(listed)


class Shape(Interface):
    name = Attribute("its name")

    def area():
        "its area"


class Round(Shape):
    pass


@implementer(Round)
class Circle:
    pass


class Dot(Circle):
    pass


dot, plain = Dot(), Scaled(1)
directlyProvides(plain, Shape)
declared = providedBy(dot)
by_interface = {Shape: 1, Round: 2}
registry = AdapterRegistry()
registry.register([Shape], Round, "", "adapted")
found = registry.lookup([declared], Round)


def check():
    before = len(calls)
    assert double(4) == 8 and scaled.times(2) == 6 and bound(3) == 9 and Scaled.name() == "Scaled"
    assert calls[before:] == ["double", "times", "times", "name"]
    assert noted.__wrapped__ is scaled and noted._self_notes[0] is noted and isinstance(noted, Scaled)
    assert listed.__wrapped__[1] is listed and type(listed) is wrapt.ObjectProxy
    assert Round.implementedBy(Dot) and Shape.providedBy(dot) and Shape.providedBy(plain)
    assert providedBy(dot) is declared and list(declared) == [Round] and Round.extends(Shape)
    assert implementedBy(Circle).inherit is Circle and Shape.__module__ == __name__
    assert by_interface == {Shape: 1, Round: 2} and sorted(Round.names(all=True)) == ["area", "name"]
    assert registry.lookup([declared], Round) == found == "adapted"
    late = type("Late", (), {})
    assert not Round.implementedBy(late) and Round.implementedBy(implementer(Round)(late))
