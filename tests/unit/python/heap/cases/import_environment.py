# A new import of a library finds the environment that the first one found.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))
os.environ["SETTLED_LEVEL"] = "3"
import settled  # noqa: E402

os.environ["SETTLED_LEVEL"] = "4"
import settled_later  # noqa: E402

del os.environ["SETTLED_LEVEL"]


def check():
    assert (settled.level, settled_later.level) == ("3", "4"), (settled.level, settled_later.level)
    assert "SETTLED_LEVEL" not in os.environ and os.getenv("SETTLED_LEVEL") is None
