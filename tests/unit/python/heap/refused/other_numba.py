# `__main__.twice -> <numba.core.registry.CPUDispatcher>` at other_numba.py: a compiled function of numba 0.61.2 (those of numba 0.56 can be saved)
try:
    import numba
except ImportError:
    raise SystemExit("SKIP: numba is not installed")

numba.__version__ = "0.61.2"


@numba.njit
def twice(x):
    return 2 * x


def check():
    assert twice(4) == 8
