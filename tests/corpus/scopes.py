# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Deleted free variables, locals(), eval and exec with namespaces, class cells, nonlocal chains."""
import sys
from digest import Digest, report


def spin(n):
    t = 0
    for i in range(n % 31):
        t += i
    return t


def deleted(n):
    x = n
    def get():
        return x
    def drop():
        nonlocal x
        del x
    def put(v):
        nonlocal x
        x = v
    out = [get()]
    drop()
    spin(n)
    try:
        out.append(get())
    except NameError as e:
        out.append(str(e))
    put(n + 1)
    out.append(get())
    if n % 2:
        del x
        spin(n)
    try:
        out.append(x)
    except UnboundLocalError as e:
        out.append(type(e).__name__)
    return out


def snapshots(n):
    a = n
    before = locals()
    b = spin(n)
    del a
    spin(n + 1)
    c = [k for k in range(3)]
    after = dict(locals())
    same = before is locals()
    del after["before"]
    return sorted(set(before) - {"before"}), sorted(after), same, b, c


def frame_locals(n):
    inner = n
    f = sys._getframe()
    view = f.f_locals
    spin(n)
    inner += 1
    got = [k for k in sorted(f.f_locals) if k in ("inner", "n", "f")]
    if sys.version_info >= (3, 13):
        view["inner"] = n * 3
        view["extra"] = n
        spin(n)
        got.append(view["extra"])
    got.append(inner)
    return got


SOURCE = """
total = 0
for k in range(count):
    total += k * factor


def inner(z):
    return z + total


class K:
    y = total
    rows = [total + q for q in range(4)]
    def m(self):
        return __class__.__name__, self.y


result = inner(factor), K().m(), sorted(locals().keys() - {'__builtins__'})
"""
CODE = compile(SOURCE, "<made>", "exec")


def executed(n):
    space = {"count": n % 40, "factor": n}
    exec(CODE, space)
    names = {"spin": spin, "n": n}
    e = eval("[spin(n + i) for i in range(5)]", names)
    inner = {}
    code = "a = spin(b)\nc = [b + _ for _ in range(2)]\ndef f(): return b"
    exec(code, {"b": n, "spin": spin}, inner)
    return space["result"], e, inner["a"], inner["c"], inner["f"]()


def chain(n):
    a = n
    def one():
        nonlocal a
        b = a + 1
        def two():
            nonlocal a, b
            c = 0
            for i in range(n % 7):
                a += i
                b -= i
                def three(k=i):
                    nonlocal c
                    c += a + b + k
                    return lambda: (a, b, c)
                f = three()
            return f() if n % 7 else (a, b, c)
        return two(), a, b
    return one(), a


class Meta(type):
    @classmethod
    def __prepare__(mcs, name, bases, **kw):
        return Recorder(kw)
    def __new__(mcs, name, bases, ns, **kw):
        cls = super().__new__(mcs, name, bases, dict(ns))
        cls.order = tuple(ns.seen)
        return cls
    def __init__(cls, name, bases, ns, **kw):
        spin(len(name))
        super().__init__(name, bases, ns)


class Recorder(dict):
    def __init__(self, kw):
        super().__init__(kw)
        self.seen = []
    def __setitem__(self, k, v):
        spin(len(k))
        self.seen.append(k)
        super().__setitem__(k, v)


def bodies(n):
    class A(metaclass=Meta, tag=n):
        t = spin(n)
        def hi(self):
            return super().__repr__()[:1], __class__.tag
        for i in range(n % 5):
            t += i
        try:
            u = t // (n % 3)
        except ZeroDivisionError:
            u = None
        class Inner:
            z = [spin(k) for k in range(4)]
            def __init_subclass__(cls, **kw):
                cls.made = spin(sum(kw.values()))
        class Sub(Inner, a=n, b=2):
            pass
        del i
    return A.order, A().hi(), A.u, A.Inner.z, A.Sub.made


digest = Digest()
for i in range(3000):
    digest.add(deleted(i), snapshots(i), frame_locals(i), executed(i), chain(i))
    try:
        digest.add(bodies(i))
    except NameError as e:
        digest.add(str(e))
    if i % 10 == 0:
        x = i
        exec("for q in range(300): x += q % 7")
        digest.add(x)
        del q
        class Body:
            s = 0
            for i2 in range(400):
                s += i2
            view = sorted(locals())
        digest.add(Body.s, Body.view)
report("scopes", digest)
