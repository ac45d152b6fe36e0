# kinds: 2
def spin(n, start=0):
    s = start
    for i in range(n):
        s = (s * 31 + i) % 1000003
    return s


class Base:
    def __init__(self, n):
        self.n = n
        self.value = spin(n)


class Child(Base):
    def __init__(self, n, extra=1):
        super().__init__(n)
        self.more = [spin(n + k) for k in range(extra)]
        self.later = lambda: self.value + len(self.more)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a, *rest):
        self.a = a
        self.b = spin(sum(rest))


class Nested:
    def __init__(self, depth):
        self.depth = depth
        self.inner = Nested(depth - 1) if depth else None
        self.mark = spin(200)


class Failing:
    def __init__(self, n):
        self.n = spin(n)
        raise ValueError(self.n)


class Wrong:
    def __init__(self, n):
        return spin(n)


for turn in range(16):
    child = Child(300 + turn, extra=3)
    log(child.value, child.more, child.later())
    log(Slotted(1, 200, 300).b, Slotted(*(2, 250)).b)
    nest = Nested(4)
    while nest:
        log(nest.depth, nest.mark, nest.inner is None)
        nest = nest.inner
    try:
        Failing(500)
    except ValueError as error:
        log("failed", error, error.__traceback__.tb_next.tb_lineno)
    try:
        Wrong(n=400)
    except TypeError as error:
        log(error)
