# The object that stands for the main interpreter.
try:
    import _interpreters  # noqa: F401  from 3.13 on
    from test.support import interpreters
except ImportError:
    raise SystemExit("SKIP: until 3.12 there are no such objects")

main = interpreters.get_main()


def check():
    assert main is interpreters.get_current() and main.id == 0
