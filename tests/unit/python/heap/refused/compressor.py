# `__main__.holder.items[2] -> <_bz2.BZ2Compressor>`
import bz2


class Holder:
    pass


holder = Holder()
holder.items = (1, 2, bz2.BZ2Compressor())


def check():
    holder.items[2].compress(b"x")
