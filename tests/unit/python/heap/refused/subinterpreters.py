# there are other interpreters in this process: number
try:
    import _interpreters
except ImportError:
    raise SystemExit("SKIP: until 3.12 an interpreter lives as long as an object that is refused")

other = _interpreters.create()  # a number
_interpreters.run_string(other, "x = 5")


def check():
    _interpreters.run_string(other, "assert x == 5")
    _interpreters.destroy(other)
