# `__main__.outer.<closure>.lib -> 
import bz2


def make():
    lib = bz2.BZ2Compressor()

    def outer():
        return lib

    return outer


outer = make()


def check():
    assert outer().compress(b"x") == b""
