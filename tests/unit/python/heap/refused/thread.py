# other Python threads are running: 'worker-7' at threading.py:
import threading

stop = threading.Event()
thread = threading.Thread(target=stop.wait, name="worker-7", daemon=True)
thread.start()


def check():
    stop.set()
    thread.join()
