# kinds: 5
# natives: iter
# captures: 400
def spin(n, start=0):
    s = start
    for i in range(n):
        s = (s * 31 + i) % 1000003
    return s


class Lazy:
    def __init__(self, function):
        self.function = function

    def __get__(self, instance, owner):
        instance.__dict__["kept"] = value = self.function(instance)
        return value


class Table:
    def __init__(self):
        self.data = {}

    @property
    def total(self):
        return spin(400) + sum(self.data.values())

    @property
    def limit(self):
        return self.__dict__.get("_limit")

    @limit.setter
    def limit(self, value):
        self._limit = spin(400) + value

    def __getitem__(self, key):
        return self.data[key] + spin(300)

    def __setitem__(self, key, value):
        self.data[key] = value + spin(300)

    def __delitem__(self, key):
        spin(300)
        del self.data[key]

    @Lazy
    def kept(self):
        return spin(400)

    def __iter__(self):
        spin(300)
        return iter(self.data)

    @property
    def broken(self):
        spin(300)
        raise LookupError("broken")


class Described:
    def __get__(self, instance, owner):
        return spin(300, 1 if instance is None else 2)


class Asked:
    described = Described()
    bad = False

    def __getattr__(self, name):
        if spin(300) and name == "nothing":
            raise AttributeError(name)
        return name

    def __iter__(self):
        return [spin(300)] if self.bad else iter("ab")


t, asked = Table(), Asked()
for turn in range(20):
    t[turn % 5] = turn
    t.limit = turn
    t.__dict__.pop("kept", None)
    log(t.kept, t.kept, asked.described, asked.anything, [key for key in t], *t)
    for letter in asked:
        log(letter)
    asked.bad = turn % 2
    try:
        for letter in asked:
            log(letter)
        asked.nothing
    except (TypeError, AttributeError) as error:
        log(type(error).__name__, error)
    log(t.limit, t.total, t[turn % 5], t.total + t[turn % 5])
    if turn % 3 == 2:
        del t[turn % 5]
    try:
        t.broken
    except LookupError as error:
        log(error, error.__traceback__.tb_next.tb_lineno)
    try:
        t["missing"]
    except KeyError as error:
        log(error)
