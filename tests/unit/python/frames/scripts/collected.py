# kinds: 1 5
# natives: collect dict sort init map
# captures: 150
# So are list(), set(), dict(), join(), extend(), sorted() and their like.


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


def main():
    for part in (collections, orders):
        log(part.__name__)
        part()


main()
