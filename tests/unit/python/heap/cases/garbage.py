# Garbage that the collector has not found yet, what only a weak reference leads to, and finalizers.
import gc
import os
import weakref

made_in = os.getpid()
log = []


class Thing:
    pass


def leave_garbage():
    """References to a cycle, and to what only a cycle that nothing leads to holds."""
    cycle, held, holder = Thing(), Thing(), Thing()
    cycle.me, holder.me, holder.held = cycle, holder, held
    return weakref.ref(cycle, lambda _: log.append("cycle")), weakref.ref(held, lambda _: log.append("held"))


gc.collect()
gc.set_threshold(100000, 50, 1000)
gc.garbage.append("kept")
alive = Thing()
for number in range(5):
    weakref.finalize(alive, log.append, number).detach()
first_finalizer = weakref.finalize(alive, str)
to_alive = weakref.ref(alive)
in_cycle, upstream = leave_garbage()
by_value = weakref.WeakValueDictionary(upstream=upstream(), alive=alive)


def check():
    global alive
    assert gc.get_threshold() == (100000, 50, 1000) and gc.isenabled()
    assert gc.garbage == ["kept"]
    later = weakref.finalize(alive, str)
    registry = weakref.finalize._registry
    assert registry[first_finalizer].index < registry[later].index  # called in the order of these at exit
    later.detach()
    assert in_cycle().me is in_cycle() and upstream() is by_value["upstream"] and not log
    assert to_alive() is alive
    if os.getpid() == made_in:
        return
    alive = None
    assert to_alive() is None and list(by_value) == ["upstream"]
    gc.collect()
    assert in_cycle() is None and upstream() is None and sorted(log) == ["cycle", "held"]
    assert not by_value
