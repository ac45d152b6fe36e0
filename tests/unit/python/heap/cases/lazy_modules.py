# Modules that a library makes of classes of its own and fills when they are asked for something; a
# library's table that has been replaced by another while something of the first one has changed too.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))
import lazymoves  # noqa: E402

inner = lazymoves.outer.inner
inner.first, lazymoves.outer.third
first_sink = lazymoves.core.sinks[0]
lazymoves.core.replace("second")


def check():
    assert lazymoves.outer.inner is inner and sys.modules["lazymoves.outer"] is lazymoves.outer
    assert vars(inner)["first"] == inner.first == "found first"
    assert vars(lazymoves.outer)["third"] == "found third"
    assert "second" not in vars(inner) and "fourth" not in vars(lazymoves.outer)
    assert "first" not in vars(lazymoves.Inner) and "second" in vars(lazymoves.Inner)
    assert first_sink.stopped and list(lazymoves.core.sinks) == [1]
    assert lazymoves.core.sinks[1].name == "second"
