# Tokens of context variables, still to be reset, used, and of another context.
import contextvars

first = contextvars.ContextVar("first")
second = contextvars.ContextVar("second", default="fallback")
other = contextvars.Context()
missing = first.set(1)
again = first.set([2])
used = second.set("gone")
second.reset(used)
elsewhere = other.run(second.set, "there")
checks = []


def refused(variable, token, error):
    try:
        variable.reset(token)
    except error:
        return True


def check():
    assert (missing.var, missing.old_value) == (first, contextvars.Token.MISSING)
    assert again.old_value == 1 and elsewhere.old_value is contextvars.Token.MISSING
    assert refused(second, used, RuntimeError) and refused(second, elsewhere, ValueError)
    assert refused(second, again, ValueError) and second.get() == "fallback"
    checks.append(1)
    if len(checks) == 2:  # after saving, and in the loaded process
        assert first.get() == [2]
        first.reset(again)
        assert first.get() == 1
        first.reset(missing)
        assert first.get(None) is None
        other.run(second.reset, elsewhere)
        assert other.run(second.get) == "fallback"
