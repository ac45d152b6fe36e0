# Functions and classes of the standard library that a script has put others in the place of, as
# tests and simulations of time do.
import functools
import linecache
import os
import subprocess
import threading
import time
import types
import warnings

listdir, sleep = os.listdir, time.sleep
time.time = lambda: 5.0
time.sleep = lambda seconds: seconds
os.listdir = lambda folder=".": ["nothing"]
os.walk = lambda top: iter([(top, [], [])])
subprocess.run = lambda *command: "ran"


# Neither functions nor objects of classes of the script.
class Lines:
    def get(self, *args):
        return [*getlines(*args), "patched"]


getlines = linecache.getlines
linecache.getlines = Lines().get
time.localtime = functools.partial(max, 2)
warnings.warn = types.SimpleNamespace(called=3)


class Thread(threading.Thread):
    pass


threading.Thread = Thread


def check():
    assert time.time() == 5.0 and time.sleep(100) == 100
    assert os.listdir() == ["nothing"] and list(os.walk("top")) == [("top", [], [])]
    assert subprocess.run("rm") == "ran" and threading.Thread is Thread
    assert listdir.__name__ == "listdir" and sleep is not time.sleep
    assert linecache.getlines("no file") == ["patched"] and linecache.getlines.__self__.get
    assert time.localtime(1) == 2 and warnings.warn.called == 3
