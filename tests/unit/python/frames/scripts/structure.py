# kinds: 0 1
import sys


def spin(n, start=0):
    s = start
    for i in range(n):
        s = (s * 31 + i) % 1000003
    return s


def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def counter():
    n = 0
    history = []

    def up(by=1):
        nonlocal n
        for _ in range(by):
            n += spin(40) % 3 + 1
        history.append(n)
        return n

    def down():
        nonlocal n
        n -= 1
        return n, len(history)

    return up, down


def shape(thing):
    match thing:
        case {"kind": "circle", "r": r} if spin(60):
            return "circle", r
        case [x, y, *rest]:
            return "list", x, y, spin(len(rest) + 50)
        case str() as s:
            return "text", s
        case _:
            return None


def loops(n):
    out = []
    i = 0
    while i < n:
        i += 1
        if i % 3 == 0:
            continue
        for j in range(i):
            if j == 4:
                break
            out.append(i * j)
        else:
            out.append(-i)
    a, *b = out
    return a, len(b), out[-1] if out else None


def marked_frame(n):
    frame = sys._getframe()
    frame.f_trace_lines = False
    if sys.version_info >= (3, 13):
        frame.f_locals["added"] = n
    total = sum([spin(150), spin(160)])
    return total, frame.f_trace_lines, frame.f_locals.get("added")


up, down = counter()
for turn in range(10):
    log(ackermann(2, 7), up(30), down(), loops(9))
    log(shape({"kind": "circle", "r": turn}), shape([1, 2, 3, 4]), shape("x"), shape(4))

    class Body:
        values = []
        for k in range(4):
            values.append(spin(100 + k))
        total = sum(values)

        class Inner:
            deep = spin(120)

    log(Body.total, Body.Inner.deep, [x for x in Body.values if x % 2])
    x = y = spin(90)
    x += (y := spin(80)) if turn % 2 else -y
    log(x, y, not x, x < y < 10 ** 6 and spin(40) or "none", f"{spin(30)!r:>10}")
    log(sorted([3, 1, 2], key=lambda k: -spin(50 + k)), max(spin(k) for k in range(40, 44)))
    log(marked_frame(turn))
    del x
    try:
        log(x)
    except NameError as error:
        log(error)
