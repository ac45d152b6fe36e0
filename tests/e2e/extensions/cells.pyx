# cython: language_level=3
"""State of a module in Cython: variables in C, Python objects in them, names."""
from libc.stdlib cimport malloc

cdef double total = 0
cdef int calls = 0
cdef unsigned long long seed = 88172645463325252
cdef double grid[100]
cdef dict cache = {}
cdef object last = None
cdef double *given = NULL
cdef double *work = NULL
counter = 0
table = {}
hook = None
label = "first label"


cdef class Cell:
    cdef int n

    def __init__(self):
        self.n = 0

    def grow(self):
        self.n += 1
        return self.n


cdef Cell cell = Cell()


def step(double x):
    global total, calls, seed, counter, last, label
    calls += 1
    counter += 2
    seed ^= seed << 13
    seed ^= seed >> 7
    seed ^= seed << 17
    total += x * (seed % 1000)
    grid[calls % 100] += total
    label = "label %d" % calls
    cache[calls] = table[calls] = last
    last = (calls, "step %d" % calls)
    return (total, calls, counter, len(cache), last, grid[1], cell.grow(), hook and hook(calls),
            given[0] if given else None)


def remember(value, memory=[], missing=hook):
    memory.append(value)
    return memory, missing is None


def is_cached(key, value):
    return cache[key] is value


def use(double[:] values):
    global given
    given = &values[0]


def get_memory():
    global work
    work = <double *>malloc(80)
    work[0] = 1
    return work[0]
