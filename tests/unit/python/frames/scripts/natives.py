# kinds: 1
# natives: sum extreme test reduce init map
# captures: 150
# sum(), min(), max(), any(), all() and reduce() are left and entered in the middle.
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


def folds():
    log(functools.reduce(lambda a, b: worked(a + b), range(4)))
    log(functools.reduce(lambda a, b: a + spin(100, b), numbers(3), 5), functools.reduce(max, numbers(3)))
    try:
        functools.reduce(worked, numbers(0))
    except TypeError as error:
        log(error)
    log(functools.reduce(lambda a, b: a + [b], map(worked, range(2)), []))


def main():
    for part in (sums, extremes, tests, folds):
        log(part.__name__)
        part()


main()
