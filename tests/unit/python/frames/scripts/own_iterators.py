# kinds: 1 10
def spin(n, start=0):
    s = start
    for i in range(n):
        s = (s * 31 + i) % 1000003
    return s


class Countdown:
    def __init__(self, n, fails=False):
        self.n, self.fails = n, fails

    def __iter__(self):
        return self

    def __next__(self):
        spin(300)
        if self.n == 0:
            raise LookupError("broken") if self.fails else StopIteration("over")
        self.n -= 1
        return self.n


class Inner(Countdown):
    def __next__(self):
        for value in Countdown(2):
            spin(100, value)
        return super().__next__()


def main():
    for turn in range(12):
        for value in Countdown(2):
            log(value)
        else:
            log("else")
        try:
            for value in Countdown(1, fails=True):
                log(value)
        except LookupError as error:
            log(error, error.__traceback__.tb_lineno, error.__context__)
        for value in Inner(2):
            if value == 0:
                break
        c = Countdown(2)
        log(next(c), next(c, "default"), next(c, "default"), next(c, None))
        try:
            next(c)
        except StopIteration as stop:
            log("stop", stop.value, stop.__traceback__.tb_lineno)
        try:
            for value in Countdown(1):
                raise KeyError(value)
        except KeyError as error:
            for value in Countdown(1):
                log(error, error.__context__)


main()
