# `__main__.outer.<closure>.lib -> 
import mmap


def make():
    lib = mmap.mmap(-1, 100)

    def outer():
        return lib

    return outer


outer = make()


def check():
    assert len(outer()) == 100
