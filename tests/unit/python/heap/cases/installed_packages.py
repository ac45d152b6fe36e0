# Packages that pip has installed into a folder of the user's own choice are libraries: what their
# import makes need not be saved. The script's own module in that folder is none.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "target"))
import beside_vendored  # noqa: E402
import vendored  # noqa: E402
import vendored_file  # noqa: E402

beside_vendored.advance()
beside_vendored.later = lambda: beside_vendored.state
vendored.level = 5
thing = vendored.Thing("one")


def check():
    assert beside_vendored.later() is beside_vendored.state and beside_vendored.state["rounds"] >= 1
    assert beside_vendored.advance() > 1
    assert vendored.level == 5 and vendored.connection.fileno() >= 0
    assert type(thing) is vendored.Thing and thing.name == "one"
    assert vendored_file.running._is_owned()
