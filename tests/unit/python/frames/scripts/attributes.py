# kinds: 5
def spin(n, start=0):
    s = start
    for i in range(n):
        s = (s * 31 + i) % 1000003
    return s


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

    @property
    def broken(self):
        spin(300)
        raise LookupError("broken")


t = Table()
for turn in range(20):
    t[turn % 5] = turn
    t.limit = turn
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
