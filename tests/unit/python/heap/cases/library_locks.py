# Locks of library objects that are held, and references to them.
import sys

sys.path.insert(0, __file__.rpartition("/")[0] + "/support/site-packages")
import lockholder  # noqa: E402

one, two = lockholder.gates["one"], lockholder.gates["two"]
one.lock.acquire()
one.lock.acquire()
one.plain.acquire()
two.changed.acquire()
two.opened.set()
mine = one.lock


def check():
    assert mine is lockholder.gates["one"].lock and one is lockholder.gates["one"]
    assert one.plain.locked() and not two.plain.locked()
    assert two.opened.is_set() and not one.opened.is_set()
    for lock, held in ((one.lock, 2), (two.lock, 0), (two.changed, 1)):
        for _ in range(held):
            lock.release()
        try:
            lock.release()
        except RuntimeError:
            pass
        else:
            raise AssertionError("held once more")
        for _ in range(held):
            lock.acquire()
