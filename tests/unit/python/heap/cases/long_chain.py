# A chain so long that states are put off, and objects in it that constructors in C make of others,
# which they look at: those must not be empty by then.
class Looked:
    def __init__(self):
        self.items = [1, 2, 3]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


class Link:
    pass


LENGTH = 150000
first = None
for number in range(LENGTH):
    link = Link()
    link.held = None
    if number % 10 == 0:
        link.held = reversed(Looked())
        for _ in range(60):  # beyond the next link, wherever the first state is put off
            link.held = [link.held]
    link.number, link.next = number, first
    first = link
del link


def check():
    link, numbers = first, []
    while link:
        numbers.append(link.number)
        held = link.held
        while type(held) is list:
            held = held[0]
        assert type(held) is reversed and held.__length_hint__() == 3 if link.number % 10 == 0 else held is None
        link = link.next
    assert numbers == list(reversed(range(LENGTH)))
