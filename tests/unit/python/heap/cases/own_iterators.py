# Iterators in C over iterators, and sequences, of classes of the script: these are not asked again.
import csv
import itertools

asked = 0


class Restarting:
    def __init__(self, last):
        self.last = last

    def __iter__(self):
        global asked
        asked += 1
        self.at = 0
        return self

    def __next__(self):
        if self.at == self.last:
            raise StopIteration
        self.at += 1
        return self.at


class Lines(Restarting):
    def __next__(self):
        return f"{super().__next__()},x"


class Measured:
    def __init__(self, size):
        self.size = size

    def __len__(self):
        global asked
        asked += 1
        return self.size

    def __getitem__(self, index):
        return index


class OwnZip(zip):
    pass


def asking(base):
    def __iter__(self):
        global asked
        asked += 1
        return base.__iter__(self)
    return type("Asking", (base,), {"__iter__": __iter__, "__module__": __name__})


over = [
    zip(Restarting(9), Restarting(9)), zip(Restarting(9), [3] * 9, strict=True), OwnZip(Restarting(9)),
    map(pow, Restarting(9), Restarting(9)), filter(None, Restarting(9)), enumerate(Restarting(9), 5),
    itertools.accumulate(Restarting(9)), itertools.compress(Restarting(9), Restarting(9)),
    itertools.zip_longest(Restarting(2), Restarting(9)), itertools.starmap(pow, zip(Restarting(9), [2] * 9)),
    itertools.takewhile(bool, Restarting(9)), itertools.dropwhile(lambda i: i < 2, Restarting(9)),
    itertools.filterfalse(lambda i: i % 2, Restarting(30)), itertools.cycle(Restarting(2)),
    itertools.islice(Restarting(99), 2, 90, 7), itertools.chain(Restarting(2), Restarting(9)),
    itertools.pairwise(Restarting(9)), itertools.groupby(Restarting(9)), csv.reader(Lines(9)),
    reversed(Measured(12)), enumerate(zip(map(str, Restarting(9)), Restarting(9)))]
if hasattr(itertools, "batched"):
    over.append(itertools.batched(Restarting(9), 2))
of_bases = [iter(asking(tuple)("abcd")), iter(asking(str)("abcd")), iter(asking(str)("ab\u20acd")),
            iter(asking(bytes)(b"abcd")), iter(asking(bytearray)(b"abcd"))]
assert [next(one) for one in of_bases] == ["a", "a", "a", 97, 97]
ended = [zip(Restarting(0)), reversed(Measured(0)), enumerate(Restarting(1))]
assert [len(list(one)) for one in ended] == [0, 0, 1]


def plain(value):
    """Without objects that are not comparable: the groups of groupby()."""
    return value[0] if isinstance(value, tuple) and isinstance(value[-1], itertools._grouper) else value


rounds = [[plain(next(one)) for one in over]]
asked_before = asked
expected = [  # the next three of each
    [(2, 2), (2, 3), (2,), 4, 2, (6, 2), 3, 2, (2, 2), 4, 2, 3, 4, 2, 10, 2, (2, 3), 2, ["2", "x"], 10,
     (1, ("2", 2)), (3, 4)],
    [(3, 3), (3, 3), (3,), 27, 3, (7, 3), 6, 3, (None, 3), 9, 3, 4, 6, 1, 17, 1, (3, 4), 3, ["3", "x"], 9,
     (2, ("3", 3)), (5, 6)],
    [(4, 4), (4, 3), (4,), 256, 4, (8, 4), 10, 4, (None, 4), 16, 4, 5, 8, 2, 24, 2, (4, 5), 4, ["4", "x"], 8,
     (3, ("4", 4)), (7, 8)]]


def check():
    now = [plain(next(one)) for one in over]
    assert now == expected[len(rounds) - 1][:len(over)], now
    rounds.append(now)
    assert [next(one) for one in of_bases] == [["b", "b", "b", 98, 98], ["c", "c", "\u20ac", 99, 99],
                                               ["d", "d", "d", 100, 100]][len(rounds) - 2]
    assert all(next(one, "ended") == "ended" for one in ended)
    assert asked == asked_before + 1 * (len(rounds) > 2), asked  # chain() has come to its second part
