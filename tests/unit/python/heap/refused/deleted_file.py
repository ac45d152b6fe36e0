# has been deleted, and process
import os
import tempfile

handle, name = tempfile.mkstemp()
os.close(handle)
log = open(name, "w")
os.unlink(name)
end, begin = os.pipe()
child = os.fork()
if not child:
    os.close(begin)
    os.read(end, 1)  # until the parent closes its end
    os._exit(0)


def check():
    log.write("still works")
    os.close(begin)
    os.waitpid(child, 0)
