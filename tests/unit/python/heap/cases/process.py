# State that belongs to no object.
import atexit
import decimal
import gc
import logging
import multiprocessing
import os
import random
import signal
import socket
import sys
import tempfile
import time
import warnings

folder = tempfile.mkdtemp(prefix="chkpt_heap_")
os.chdir(folder)
os.environ["SCRIPT_VARIABLE"] = "set"
os.environ.pop("LANG", None)
os.environ["TZ"] = "Asia/Tokyo"
os.environ["PATH"] = os.environ.pop("PATH")
variables = [name for name in os.environ if name in ("HOME", "PATH", "SCRIPT_VARIABLE", "TZ")]
time.tzset()
os.umask(0o027)
sys.argv[:] = ["script.py", "--flag"]
sys.path.append("/nowhere")
sys.setrecursionlimit(2345)
imp = sys.modules["_imp"]
imp.acquire_lock()
imp.acquire_lock()
sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
sys.pycache_prefix = "/nowhere"
socket.setdefaulttimeout(2.5)
multiprocessing.set_start_method("spawn")
gc.set_threshold(500, 5, 5)
gc.disable()
collections_seen = []
gc.callbacks.append(lambda phase, info: collections_seen.append(phase))
random.seed(5)
random.random()
state = random.getstate()
expected = [random.gauss(0, 1), random.randrange(100), random.random()]
random.setstate(state)
decimal.getcontext().prec = 7
context = decimal.getcontext()
warnings.simplefilter("error", UserWarning)
warnings.simplefilter("always", ResourceWarning)
warnings.formatwarning = lambda *seen: shown.append(seen) or "formatted"
shown, logged = [], []
logging.captureWarnings(True)
logging.getLogger("py.warnings").addFilter(lambda record: logged.append(record.getMessage()))
logging.addLevelName(25, "NOTE")
first_met = None
logger = logging.getLogger("app.part")
first_met = logger.getChild("later")
logger_names = list(logging.root.manager.loggerDict)
handler = logging.FileHandler("log.txt")
handler.setFormatter(logging.Formatter("%(levelname)s:%(message)s"))
logger.addHandler(handler)
logger.setLevel(25)
logger.propagate = False
logging.disable(10)
seen = []


class MyLogger(logging.Logger):
    def shout(self):
        return self.name.upper()


logging.setLoggerClass(MyLogger)
mine = logging.getLogger("mine")


def on_signal(number, frame):
    seen.append(number)


signal.signal(signal.SIGUSR1, on_signal)
signal.signal(signal.SIGUSR2, signal.SIG_IGN)


def hook(*args, **keywords):
    seen.append("hook")


sys.excepthook = hook
atexit.register(hook, 1, k=2)
callbacks = atexit._ncallbacks()
import builtins

builtins.extra_builtin = lambda: "extra"
os.getcwd = lambda: "/nowhere/at/all"  # as unittest.mock does


def check_warning_hooks():
    warnings.warn("to the log", ResourceWarning)
    assert logged[-1:] == ["formatted"] and shown, (logged, shown)
    del logged[:], shown[:]


sys.setswitchinterval(0.0176)
interval = sys.getswitchinterval()


def check():
    assert sys.getswitchinterval() == interval
    assert sys.pycache_prefix == "/nowhere" and socket.getdefaulttimeout() == 2.5
    assert multiprocessing.get_start_method() == "spawn"
    check_warning_hooks()
    assert os.getcwd() == "/nowhere/at/all" and os.readlink("/proc/self/cwd") == folder
    assert variables == [name for name in os.environ if name in variables]
    assert os.environ["SCRIPT_VARIABLE"] == "set" and "LANG" not in os.environ
    assert time.tzname == ("JST", "JST")
    old = os.umask(0)
    os.umask(old)
    assert old == 0o027
    imp.release_lock()
    imp.release_lock()
    assert not imp.lock_held()
    imp.acquire_lock()
    imp.acquire_lock()
    assert sys.getdlopenflags() == os.RTLD_NOW | os.RTLD_GLOBAL
    assert sys.argv == ["script.py", "--flag"] and "/nowhere" in sys.path and sys.getrecursionlimit() == 2345
    assert gc.get_threshold() == (500, 5, 5) and not gc.isenabled()
    collections_seen.clear()
    gc.collect()
    assert collections_seen == ["start", "stop"]
    here = random.getstate()
    assert [random.gauss(0, 1), random.randrange(100), random.random()] == expected
    random.setstate(here)
    assert decimal.getcontext() is context and context.prec == 7
    try:
        warnings.warn("x", UserWarning)
    except UserWarning:
        pass
    else:
        raise AssertionError
    assert [n for n in logging.root.manager.loggerDict if n in logger_names] == logger_names
    assert logging.getLogger("app.part") is logger and logger.handlers == [handler] and logger.level == 25
    assert logging.getLevelName(25) == "NOTE" and logging.root.manager.disable == 10 and not logger.propagate
    logger.log(25, "hello")
    assert open("log.txt").read().endswith("NOTE:hello\n")
    assert type(mine) is MyLogger and mine.shout() == "MINE" and logging.getLogger("mine") is mine
    assert mine.manager is logging.root.manager and mine.parent is logging.root
    assert signal.getsignal(signal.SIGUSR1) is on_signal and signal.getsignal(signal.SIGUSR2) == signal.SIG_IGN
    os.kill(os.getpid(), signal.SIGUSR1)
    assert seen == [signal.SIGUSR1], seen
    seen.clear()
    assert sys.excepthook is hook and atexit._ncallbacks() == callbacks
    assert extra_builtin() == "extra"
