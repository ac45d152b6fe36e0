# Instances of the script's classes that derive from C types.
import collections
import datetime
import decimal
import fractions
import functools
import random

log = []


class L(list):
    def append(self, v):
        log.append("append")

    def __iter__(self):
        raise AssertionError


class D(dict):
    def __setitem__(self, k, v):
        log.append("setitem")

    def items(self):
        raise AssertionError

    def __missing__(self, k):
        return "missing"


class S(set):
    pass


class F(frozenset):
    pass


class I(int):
    pass


class Fl(float):
    def __float__(self):
        raise AssertionError


class St(str):
    def __str__(self):
        raise AssertionError


class B(bytes):
    pass


class BA(bytearray):
    pass


class T(tuple):
    def __new__(cls, a, b):
        return super().__new__(cls, (a, b))


class C(complex):
    pass


class Deque(collections.deque):
    def __init__(self, *args):
        log.append("init")
        super().__init__(*args)


class OD(collections.OrderedDict):
    def __init__(self):
        log.append("init")
        super().__init__()


class DD(collections.defaultdict):
    pass


class Cnt(collections.Counter):
    pass


class Day(datetime.date):
    pass


class Dec(decimal.Decimal):
    pass


class Fr(fractions.Fraction):
    pass


class Part(functools.partial):
    pass


class Rnd(random.Random):
    pass


class Prop(property):
    pass


Point = collections.namedtuple("Point", "x y", defaults=[0])


class Point3(Point):
    @property
    def norm(self):
        return self.x + self.y


l = L([1, 2])
l.tag = [l]
d = D(a=1)
d.tag = d
dict.__setitem__(d, "b", d)
s = S([3, 1, 2])
s.tag = 1
f = F([1, 2])
f.tag = f
i = I(5)
i.tag = "five"
fl = Fl(2.5)
st = St("text")
st.tag = 1
b = B(b"raw")
ba = BA(b"mutable")
ba.tag = 2
t = T(1, [2])
t[1].append(t)
t.tag = 3
c = C(1, 2)
deque = Deque([1, 2, 3])
deque.tag = deque
bounded = Deque([1, 2, 3, 4], 2)
od = OD()
od["z"], od["a"] = 1, 2
od.move_to_end("z")
od.tag = 1
dd = DD(list, {"k": [1]})
cnt = Cnt("hello")
day = Day(2020, 1, 2)
day.tag = "d"
dec = Dec("1.50")
fr = Fr(1, 3)
part = Part(max, 3)
part.tag = 1
rnd = Rnd(7)
rnd.gauss(0, 1)
expected = Rnd(7)
expected.gauss(0, 1)
expected = [expected.gauss(0, 1), expected.random()]
point = Point(1)
point3 = Point3(3, 4)
prop = Prop(lambda self: 1)
plain = [collections.deque([1, 2], 5), collections.OrderedDict(b=1, a=2), collections.Counter("aab"),
         collections.defaultdict(int, x=1), collections.ChainMap({"a": 1}, {"b": 2}),
         collections.UserDict(a=1), collections.UserList([1]), collections.UserString("s")]
log.clear()


def check():
    assert log == []
    assert type(l) is L and list.__len__(l) == 2 and l[1] == 2 and l.tag[0] is l
    assert dict.__getitem__(d, "a") == 1 and dict.__getitem__(d, "b") is d and d.tag is d and d["q"] == "missing"
    assert type(s) is S and s == {1, 2, 3} and s.tag == 1
    assert type(f) is F and f == {1, 2} and f.tag is f
    assert i == 5 and i.tag == "five" and type(i) is I
    assert type(fl) is Fl and fl + 0 == 2.5
    assert st == "text" and st.tag == 1 and type(st) is St
    assert b == b"raw" and type(b) is B and ba == b"mutable" and ba.tag == 2
    assert t[0] == 1 and t[1][1] is t and t.tag == 3 and type(t) is T
    assert c == 1 + 2j and type(c) is C
    assert list(deque) == [1, 2, 3] and deque.tag is deque and type(deque) is Deque
    assert list(bounded) == [3, 4] and bounded.maxlen == 2
    assert list(od) == ["a", "z"] and od.tag == 1 and type(od) is OD
    assert dd["new"] == [] and dd["k"] == [1] and type(dd) is DD
    del dd["new"]
    assert cnt["l"] == 2 and type(cnt) is Cnt and list(cnt) == list("helo")
    assert day == datetime.date(2020, 1, 2) and day.tag == "d" and type(day) is Day
    assert str(dec) == "1.50" and type(dec) is Dec and fr == fractions.Fraction(1, 3) and type(fr) is Fr
    assert part(2) == 3 and part.tag == 1 and type(part) is Part
    state = rnd.getstate()
    assert [rnd.gauss(0, 1), rnd.random()] == expected and type(rnd) is Rnd
    rnd.setstate(state)
    assert point == (1, 0) and point._fields == ("x", "y") and type(point) is Point
    assert point3.norm == 7 and repr(point3) == "Point3(x=3, y=4)"
    assert prop.fget(None) == 1
    assert plain[0].maxlen == 5 and list(plain[1]) == ["b", "a"] and plain[2]["a"] == 2
    assert plain[3]["x"] == 1 and plain[3].default_factory is int and plain[4]["b"] == 2
    assert plain[5]["a"] == 1 and plain[6] == [1] and plain[7] == "s"
