# `__main__.gone -> <test.support.interpreters.Interpreter>` at closed_interpreter.py: an interpreter other than the main one
try:
    import _interpreters  # noqa: F401  from 3.13 on
    from test.support import interpreters
except ImportError:
    raise SystemExit("SKIP: until 3.12 there are no such objects, or such that are refused as they are")

main = interpreters.get_main()
gone = interpreters.create()
gone.close()


def check():
    assert gone.id > 0 and main.id == 0
