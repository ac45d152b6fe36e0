# Objects whose __hash__ in Python looks into what they have, as elements and keys: whatever that is
# must be filled before the set or dict that hashes them, in whichever order they were met.


class Element:
    def __init__(self, value):
        self.value = value

    def __hash__(self):
        return hash(("Element", self.value))

    def __eq__(self, other):
        return type(other) is Element and self.value == other.value


class Holder:
    def __init__(self, parts, look=frozenset):
        self.parts, self.look = parts, look

    def __hash__(self):
        return hash(self.look(self.parts))

    def __eq__(self, other):
        return type(other) is Holder and self.parts == other.parts


def values(parts):
    return tuple(sorted(part.value for part in parts))


class Frozen(frozenset):
    pass


class Changing(set):
    def __hash__(self):
        return hash(frozenset(self))


class Mapping(dict):
    def __hash__(self):
        return hash(tuple(sorted((key.value, value) for key, value in self.items())))


elements = [Element(i) for i in range(40)]
pairs = list(zip(elements, elements[1:]))


def kinds():
    yield [Holder(set(pair)) for pair in pairs]
    yield [Holder(dict.fromkeys(pair)) for pair in pairs]
    yield [Holder(Changing(pair)) for pair in pairs]
    yield [Holder(frozenset(pair), values) for pair in pairs]
    yield [Holder(Frozen(pair), values) for pair in pairs]
    yield [Frozen(pair) for pair in pairs]
    yield [Changing(pair) for pair in pairs]
    yield [Mapping.fromkeys(pair, 1) for pair in pairs]
    yield [Holder([Frozen(pair), Changing(pair)], lambda parts: tuple(map(hash, parts))) for pair in pairs]


# The keys are met before what has them, and inside.
outside = list(kinds())
all_of = [(keys, set(keys), dict.fromkeys(keys, 1), frozenset(keys), Frozen(keys), Changing(keys),
           {frozenset((key, 1)): key for key in keys}) for keys in outside]
inside = [make(keys) for keys in kinds() for make in (set, frozenset, Frozen, dict.fromkeys)]


def check():
    for keys, *containers, nested in all_of:
        for container in containers:
            assert all(key in container for key in keys), (type(keys[0]), type(container))
        assert all(nested[frozenset((key, 1))] is key for key in keys), type(keys[0])
        assert all(key in part for part, key in nested.items())
    for number, keys in enumerate(kinds()):
        assert all(key in all_of[number][1] and key in all_of[number][3] for key in keys), number
        for container in inside[4 * number:4 * number + 4]:
            assert all(key in container for key in container), (number, type(container))
            assert all(key in container for key in keys), (number, type(container))
