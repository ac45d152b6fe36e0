# kinds: 3 4
def spin(n, start=0):
    s = start
    for i in range(n):
        s = (s * 31 + i) % 1000003
    return s


def count(n):
    for i in range(n):
        yield spin(150 + i)


def filtered(source, keep):
    for x in source:
        if x % keep:
            yield x, spin(60)
    return "end of filtered"


def relay(n):
    first = yield from filtered(count(n), 3)
    log("relay got", first)
    second = yield from (spin(k) for k in range(50, 50 + n))
    try:
        yield from count(2)
    finally:
        log("relay done", second, spin(100))
    return n


def failing(n):
    yield spin(n)
    spin(n)
    raise KeyError(n)


def stopper():
    yield spin(90)
    spin(200)
    raise StopIteration("early")


def cleanup():
    try:
        for i in range(3):
            yield spin(i + 100)
    finally:
        log("cleaned", spin(300))


def main(turn):
    for x in relay(5):
        log(turn, x)
    try:
        for x in failing(300):
            log("before failure", x)
    except KeyError as error:
        log("failure", error.args, error.__traceback__.tb_next.tb_lineno)
    try:
        for x in stopper():
            log("stopper", x)
    except RuntimeError as error:
        log(type(error.__cause__), error.__cause__, error, error.__suppress_context__)
    closing = cleanup()
    for x in closing:
        if x % 2:
            break
    closing.close()
    del closing
    for a, b in zip(count(3), count(2)):
        log(a - b)
    for x in [y for y in count(4) if y % 2] + list({y % 5 for y in (1, 2, 3)}):
        log(x, [z for z in (spin(80 + q) for q in range(3)) if z])


for turn in range(9):
    main(turn)
