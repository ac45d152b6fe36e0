# has been deleted
import os
import tempfile

handle, name = tempfile.mkstemp()
os.close(handle)
log = open(name, "w")
os.unlink(name)


def check():
    log.write("still works")
