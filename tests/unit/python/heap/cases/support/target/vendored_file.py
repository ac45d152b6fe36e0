"""A module of one file, of the same package."""
import _thread

running = _thread.RLock()
running.acquire()
