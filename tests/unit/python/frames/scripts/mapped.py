# kinds: 10
# Loops over map() stand inside its function, also where another map() is what runs it.
import functools


def spin(n, x=0):
    for k in range(n):
        x = (x * 31 + k) % 1000003
    return x


def worked(value, more=0):
    for turn in range(3):
        spin(100, turn)
    if value == 7:
        raise StopIteration
    if value == 9:
        raise LookupError("nine")
    log("worked", value, more)
    return value + 1


class Worker:
    def __call__(self, value):
        return spin(200, value)

    def method(self, value):
        return spin(200, value) + 1


def numbers(n):
    for value in range(n):
        spin(100, value)
        yield value


def main():
    for turn in range(6):
        for value in map(worked, [1, 2, 3]):
            log(value)
        else:
            log("else")
        for value in map(worked, numbers(3), (10, 20, 30)):
            log(value)
        for value in map(worked, map(worked, [1, 2])):
            log("twice", value)
        for value in map(worked, (6, 7, 8)):  # StopIteration ends the loop
            log(value)
        try:
            for value in map(worked, {8: 0, 9: 0}):
                log(value)
        except LookupError as error:
            log(error)
        for value in map(functools.partial(worked, more=turn), range(2)):
            log(value)
        log([value for value in map(Worker(), range(2))], {value: 1 for value in map(Worker().method, "a" and [4, 5])})


main()
