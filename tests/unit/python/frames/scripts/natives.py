# kinds: 1 4 5 10
# natives: sum extreme test reduce collect dict sort map filter zip enumerate cached_call init
# captures: 250
# C functions that run Python code again and again are left and entered in the middle.
import functools


def spin(n, x=0):
    for k in range(n):
        x = (x * 31 + k) % 1000003
    return x


def worked(value):
    spin(150, value)
    log("worked", value)
    return value * 3 % 7


def numbers(n, start=0):
    for value in range(start, start + n):
        spin(150, value)
        yield value
    log("numbers end")
    return "rest"


def failing(n):
    yield from range(n)
    spin(200)
    raise LookupError("failing")


class Item:
    def __init__(self, value):
        self.value = spin(150, value) % 10
        log("made", value)

    def __repr__(self):
        return "Item %d" % self.value

    def __lt__(self, other):
        return self.value < other.value


class Own:
    def __init__(self, n):
        self.left = n

    def __iter__(self):
        return self

    def __next__(self):
        spin(150)
        if self.left == 0:
            raise StopIteration
        self.left -= 1
        return self.left


class Walk:
    def __iter__(self):
        for value in range(3):
            spin(150)
            yield value


@functools.lru_cache(maxsize=None)
def remembered(n):
    spin(150, n)
    log("asked", n)
    return n if n < 2 else remembered(n - 1) + remembered(n - 2)


@functools.lru_cache(maxsize=3)
def bounded(n, *, step=1):
    spin(150, n)
    return n if n < 1 else bounded(n - step, step=step) + 1


class Cached:
    @functools.lru_cache
    def method(self, n):
        spin(150, n)
        return n + 1


def sums():
    log(sum(worked(x) for x in range(4)))
    log(sum((x / 7 for x in numbers(5)), 0.1), sum(numbers(3)))
    log(sum((10 ** x for x in numbers(22)), -5), sum([[x] for x in numbers(2)], []))
    log(sum(([x] for x in numbers(3)), start=[9]))
    log(sum(x if x < 2 else x + 0.5 for x in numbers(4)), sum(map(worked, range(3))))
    log(sum(Walk()), sum(Own(3)))
    try:
        log(sum(failing(3)))
    except LookupError as error:
        log(error)
    try:
        log(sum(x for x in numbers(0)), sum(str(x) for x in numbers(2)))
    except TypeError as error:
        log(error)


def extremes():
    log(max(numbers(4)), min(worked(x) for x in range(5)), max(range(5), key=worked))
    log(min([3, 1, 2], key=lambda x: -worked(x)), max(numbers(0), default="none"))
    log(max(map(Item, range(4))), min((Item(x) for x in numbers(3)), key=lambda item: item.value))
    for call in (lambda: max(x for x in numbers(0)), lambda: min(failing(2), key=worked)):
        try:
            log(call())
        except (ValueError, LookupError) as error:
            log(error)


def tests():
    log(any(worked(x) > 5 for x in range(9)), all(worked(x) < 9 for x in range(3)))
    log(any(x for x in numbers(1)), all(map(worked, range(1, 4))), any(Walk()))


def collections():
    log(list(map(worked, range(4))), list(numbers(3)), tuple(numbers(3)), tuple(map(worked, [1])))
    log(list(map(Item, range(3))), list(map(Item, numbers(2))))
    log(sorted(set(worked(x) for x in range(8))), frozenset(map(worked, [4])), hash(frozenset(numbers(3))))
    log(dict((x, worked(x)) for x in range(3)), dict(zip("abc", map(worked, range(5)))))
    log("-".join(str(worked(x)) for x in range(3)), ",".join(map(str, numbers(3))))
    log([*numbers(2), *map(worked, [1, 2])], {*numbers(3)}, *map(worked, range(2)))
    values = [0]
    values += numbers(2)
    values.extend(map(worked, range(2)))
    found = {5}
    found.update(numbers(3))
    log(values, found)
    for call in (lambda: list(failing(2)), lambda: dict(numbers(2)),
                 lambda: dict((x, x, x) for x in numbers(2)), lambda: values.extend(failing(2)),
                 lambda: "".join(numbers(2)), lambda: set(failing(1))):
        try:
            log(call())
        except (LookupError, TypeError, ValueError) as error:
            log(type(error).__name__, error)
    log(values)


def orders():
    log(sorted(range(6), key=worked), sorted(numbers(4), reverse=True))
    log(sorted(map(worked, range(5)), key=lambda x: -worked(x), reverse=True), sorted(map(Item, range(4))))
    values = [5, 3, 4, 1]
    values.sort(key=worked)
    log(values)

    def changing(x):
        spin(150)
        if x == 4:
            values.append(x)
        return -x

    try:
        values.sort(key=changing)
    except ValueError as error:
        log(error)
    log(values)
    try:
        values.sort(key=lambda x: worked(x) / (x - 3))
    except ZeroDivisionError as error:
        log(error)
    log(values)


def steps():
    for i, x in enumerate(numbers(3)):
        log(i, x)
    for i, x in enumerate(map(worked, numbers(3)), 10):
        log(i, x)
    for x, y in zip(numbers(3), map(worked, range(2))):
        log(x, y)
    for x, y, z in zip("abc", numbers(5, 7), Own(9)):
        log(x, y, z)
    for strict in (zip(numbers(2), numbers(3), strict=True), zip(numbers(2), "a", strict=True)):
        try:
            for pair in strict:
                log(pair)
        except ValueError as error:
            log(error)
    for x in filter(worked, numbers(5)):
        log("kept", x)
    for x in filter(None, map(worked, range(4))):
        log("kept", x)
    for pair in zip(numbers(2), "ab"):
        log(pair)
    log(list(filter(functools.partial(worked), map(worked, map(worked, range(4))))))
    log(list(filter(Item(3).__lt__, map(Item, range(2)))), list(map(worked, map(worked, numbers(2)))))
    steps = map(worked, filter(lambda x: spin(90) >= 0 and x % 2, numbers(4)))
    log(next(steps), next(steps, None), next(steps, "over"))
    log(list(enumerate(zip(map(worked, range(2)), filter(worked, numbers(4))))))
    for x in through():
        log("through", x)


def through():
    log((yield from map(worked, numbers(2))))
    log((yield from Own(2)))
    log((yield from zip(numbers(2), numbers(2))))


def folds():
    log(functools.reduce(lambda a, b: worked(a + b), range(4)))
    log(functools.reduce(lambda a, b: a + spin(100, b), numbers(3), 5), functools.reduce(max, numbers(3)))
    try:
        functools.reduce(worked, numbers(0))
    except TypeError as error:
        log(error)
    log(functools.reduce(lambda a, b: a + [b], map(worked, range(2)), []))


def caches():
    remembered.cache_clear()
    bounded.cache_clear()
    log(remembered(6), remembered.cache_info())
    log(bounded(5), bounded(4, step=2), bounded(5), bounded.cache_info())
    log(list(map(bounded, numbers(3))), bounded(*[4], **{"step": 3}), sum(filter(bounded, range(3))))
    cached = Cached()
    log(cached.method(2), cached.method(2), Cached.method.cache_info())
    log(list(map(remembered, range(4, 9))), max(range(4), key=bounded), sum(map(cached.method, numbers(3))))
    Cached.method.cache_clear()


def nested():
    log(sum(sum(worked(x + y) for x in range(2)) for y in numbers(2)))
    log(max(map(sum, (map(worked, range(n)) for n in numbers(4)))))
    log(list(map(list, map(numbers, [1, 2]))), [list(map(worked, row)) for row in [[1], [2, 3]]])


def main():
    for part in (sums, extremes, tests, collections, orders, steps, folds, caches, nested):
        log(part.__name__)
        part()


main()
