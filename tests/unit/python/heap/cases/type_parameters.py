# Type variables, and from Python 3.12 on what the syntax makes: parameters and `type` aliases.
import sys
import typing

Plain = typing.TypeVar("Plain")
Covariant = typing.TypeVar("Covariant", bound=int, covariant=True)
Choice = typing.TypeVar("Choice", str, bytes)
Spec = typing.ParamSpec("Spec")
Many = typing.TypeVarTuple("Many")
Covariant.note = ["kept"]
note = Covariant.note


class Box(typing.Generic[Plain]):
    item: Plain


boxed = Box[int]
same = [Plain, Box.__parameters__[0]]
library = typing.AnyStr

NEW = '''
evaluated, checks = [], []

def bound():
    evaluated.append(1)
    return Node

class Node[T: Node, U: bound()]:
    def method[V](self, other: V) -> tuple[T, V]:
        return T, V

class Two[*Ts, **P]:
    parameters = staticmethod(lambda: (Ts, P))

type Pair[A] = tuple[A, A]
type Tree[L: (int, str)] = L | list[Tree[L]]
type Lazy = Missing

def first[F](items: list[F]) -> F:
    return F

class Stack[S]:
    type Item = S
    type Name = title
    title = str
    def sub(self):
        return Sub
    def alias(self):
        return stacked

class Sub(Stack[int]):
    type Title = name
    name = bytes

stacked = Stack[int]
known = Tree.__value__
late = Node.__type_params__
pair = Pair[int]
bare, = (lambda: first.__type_params__)()
'''
if sys.version_info >= (3, 12):
    exec(NEW)


def check_scopes():
    assert Stack.Item.__value__ is Stack.__type_params__[0] and Stack().alias() is stacked
    assert stacked.__origin__ is Stack and Sub.__orig_bases__ == (stacked,)
    if len(checks) == 2:  # evaluated late, in the class's own namespace
        Stack.title, Sub.name = Stack, Sub
        assert Stack.Name.__value__ is Stack and Sub.Title.__value__ is Sub


def check_new():
    T, U = Node.__type_params__
    assert late == (T, U) and evaluated == []  # nor did saving evaluate it
    assert T.__bound__ is Node and Node().method(1)[0] is T
    assert Node.method.__type_params__[0] is Node().method(1)[1]
    assert T.__infer_variance__ and not T.__covariant__ and T.__module__ == "typing"
    assert Two.parameters() == Two.__type_params__
    assert pair.__origin__ is Pair and Pair.__value__.__args__ == Pair.__type_params__ * 2
    assert Tree.__value__ is known and known.__args__[1].__args__[0].__origin__ is Tree
    assert Tree.__type_params__[0].__constraints__ == (int, str)
    assert (Tree.__name__, Tree.__module__) == ("Tree", __name__)
    try:
        Lazy.__value__
    except NameError:
        pass
    else:
        raise AssertionError
    assert first([]) is bare
    checks.append(1)
    if len(checks) == 2:  # after saving, and in the loaded process
        assert U.__bound__ is Node and U.__bound__ is Node and evaluated == [1]
    check_scopes()


def check():
    assert repr(Plain) == "~Plain" and Plain.__bound__ is None and Plain.__module__ == __name__
    assert same == [Plain, Plain] and boxed.__origin__ is Box and boxed.__args__ == (int,)
    assert Covariant.__bound__ is int and Covariant.__covariant__ and Covariant.note is note
    assert Choice.__constraints__ == (str, bytes) and not Choice.__covariant__
    assert Spec.__name__ == "Spec" and Many.__name__ == "Many"
    assert library is typing.AnyStr
    if sys.version_info >= (3, 12):
        check_new()
