# A new import of a library finds the environment that the first one found, and so do those that it brings:
# random numbers too, and the modules around it as complete as they were.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))
os.environ["SETTLED_LEVEL"] = "3"
import settled  # noqa: E402

os.environ["SETTLED_LEVEL"] = "4"
import settled_later  # noqa: E402

os.environ["SETTLED_LEVEL"] = "5"
import draws_outer  # noqa: E402
draws_inner = draws_outer.draws_inner

drawn = (draws_inner.drawn, draws_outer.drawn)
del os.environ["SETTLED_LEVEL"]


def check():
    assert (settled.level, settled_later.level) == ("3", "4"), (settled.level, settled_later.level)
    assert "SETTLED_LEVEL" not in os.environ and os.getenv("SETTLED_LEVEL") is None
    assert drawn == (draws_inner.drawn, draws_outer.drawn) and draws_inner.level == "5"
    assert not draws_inner.came_first
