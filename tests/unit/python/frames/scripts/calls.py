# kinds: 0 1
import functools


def spin(n, start=0):
    s = start
    for i in range(n):
        s = (s * 31 + i) % 1000003
    return s


class Engine:
    def __init__(self, base):
        self.base = base

    def step(self, n, *more, scale=1, **named):
        return spin(n, self.base) * scale + sum(more) + sum(named.values())

    def __call__(self, n, **kw):
        return self.step(n, **kw)

    @classmethod
    def make(cls, n):
        return cls(spin(n))

    @staticmethod
    def plain(n):
        return spin(n) + 1


def through(f):
    @functools.wraps(f)
    def wrapper(*args, **kw):
        before = len(args)
        result = f(*args, **kw)
        return result + before

    return wrapper


@through
@through
def work(a, b=2, *, c=3):
    return spin(a * 100 + b) + c


engine = Engine(5)
half = functools.partial(engine.step, 900, scale=2)
deep = functools.partial(functools.partial(work, 7), c=9)
args, named = (700,), {"scale": 3, "x": 1}
for turn in range(14):
    log("direct", work(9, b=turn), work(8, c=turn))
    log("spread", engine.step(*args, **named), engine(*args), engine(600, scale=turn))
    log("partial", half(turn, y=2), deep(turn))
    log("class", Engine.make(400).base, Engine.plain(300), (lambda n: spin(n) - n)(500))
    log("long", work(
        spin(300) % 7 + 1,
        b=turn), [spin(200 + k) for k in range(3)], {k: spin(150 + k) for k in "ab" and range(2)})
