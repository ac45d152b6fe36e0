# kinds: 7
def spin(n, start=0):
    s = start
    for i in range(n):
        s = (s * 31 + i) % 1000003
    return s


def numbers(n):
    for i in range(n):
        yield spin(300 + i)
        spin(300)
    return "finished"


def averager():
    total, n = 0, 0
    while True:
        value = yield total // n if n else None
        if value is None:
            return total + spin(200)
        total, n = total + value + spin(200) % 3, n + 1


def main():
    for turn in range(12):
        g = numbers(2)
        log(next(g), next(g))
        try:
            log("end", next(g))
        except StopIteration as stop:
            log(stop.value)
        g = numbers(1)
        log(next(g, "d"), next(g, "default"), next(g, "again"), next(numbers(0), None))
        a = averager()
        a.send(None)
        log([a.send(k) for k in (5, 7, 9)], a.__next__ is not None)
        try:
            a.send(None)
        except StopIteration as stop:
            log("average", stop.value)


main()
