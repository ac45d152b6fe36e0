# kinds: 1
import contextlib


def spin(n, start=0):
    s = start
    for i in range(n):
        s = (s * 31 + i) % 1000003
    return s


class Manager:
    def __init__(self, name, swallow=False):
        self.name, self.swallow = name, swallow

    def __enter__(self):
        self.token = spin(500)
        return self.token

    def __exit__(self, kind, value, tb):
        left = spin(500)
        log("exit", self.name, kind and kind.__name__, value, left)
        return self.swallow and kind is not None


@contextlib.contextmanager
def managed(n):
    start = spin(n)
    try:
        yield start
    except ValueError as error:
        log("managed saw", error, spin(n))
    finally:
        log("managed ends", spin(n + 1))


def failing(n):
    raise ValueError(spin(n))


for turn in range(10):
    with Manager("plain") as token:
        log(token, spin(200))
    with Manager("outer", swallow=True) as a, Manager("inner") as b:
        log(a == b)
        failing(300)
    with managed(400) as start:
        log("in managed", start, spin(100))
        failing(200 + turn)
    with contextlib.ExitStack() as stack:
        for k in range(2):
            stack.enter_context(Manager(f"stacked{k}"))
        stack.callback(lambda: log("callback", spin(150)))
        spin(100)
    with contextlib.suppress(ValueError):
        failing(150)
    try:
        with Manager("through"):
            with managed(100):
                raise KeyError(turn)
    except KeyError as error:
        log("came through", error, error.__context__)
