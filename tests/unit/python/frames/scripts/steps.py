# kinds: 1 4 10
# natives: map filter zip enumerate cached_call collect extreme
# captures: 320
# The next item of the interpreter's own iterators over others, and calls of functions with a cache.
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


def rebinding(x):
    x = spin(90, x)
    return x


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


@functools.lru_cache(maxsize=None)
def remembered(n):
    spin(150, n)
    log("asked", n)
    return n if n < 2 else remembered(n - 1) + remembered(n - 2)


@functools.lru_cache(maxsize=3)
def bounded(n, *, step=1):
    spin(150, n)
    return n if n < 1 else bounded(n - step, step=step) + 1


@functools.lru_cache(maxsize=None)
def twice(n):
    spin(150, n)
    return n if inside.pop() else [twice(n), n]


@functools.lru_cache(maxsize=9)
def twice_bounded(n):
    spin(150, n)
    return n if inside.pop() else [twice_bounded(n), n]


inside = []


class Cached:
    @functools.lru_cache
    def method(self, n):
        spin(150, n)
        return n + 1


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
    log(list(filter(lambda *all: worked(*all), numbers(3))), list(filter(rebinding, range(3))))
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
    log(list(map(functools.partial(functools.partial(bounded, step=2), step=3), range(3, 7))))
    log(functools.partial(bounded, 7)(step=4), list(map(functools.partial(cached.method), range(2))), bounded.cache_info())
    Cached.method.cache_clear()
    for function in (twice, twice_bounded):
        function.cache_clear()
        inside[:] = [True, False]
        log(function(5), function(5), function.cache_info())


def nested():
    log(sum(sum(worked(x + y) for x in range(2)) for y in numbers(2)))
    log(max(map(sum, (map(worked, range(n)) for n in numbers(4)))))
    log(list(map(list, map(numbers, [1, 2]))), [list(map(worked, row)) for row in [[1], [2, 3]]])


def main():
    for part in (steps, caches, nested):
        log(part.__name__)
        part()


main()
