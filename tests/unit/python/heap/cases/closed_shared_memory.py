# Shared memory that is closed stays closed; nothing has its name any more.
import os
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory

# The tracker is a process of its own.
resource_tracker.register = resource_tracker.unregister = lambda *_: None


class Named(SharedMemory):
    pass


def closed(kind):
    memory = kind(f"chkpt-heap-{os.getpid()}", create=True, size=64)
    memory.close()
    memory.unlink()
    return memory


gone, named = closed(SharedMemory), closed(Named)
names = gone.name, named.name


def check():
    for memory in gone, named:
        assert memory.buf is None and memory._fd == -1 and memory.size == 64
        memory.close()
    assert (gone.name, named.name) == names and type(named) is Named
