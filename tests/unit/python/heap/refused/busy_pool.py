# other Python threads are running: 'busy_0' at threading.py:
import threading
from concurrent.futures import ThreadPoolExecutor

stop = threading.Event()
idle, busy = ThreadPoolExecutor(1, "idle"), ThreadPoolExecutor(1, "busy")
idle.submit(int).result()
future = busy.submit(stop.wait)


def check():
    stop.set()
    busy.shutdown()
    idle.shutdown()
