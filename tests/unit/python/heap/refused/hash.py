# `__main__.holder.items[2] -> <_hashlib.HASH>`
import hashlib


class Holder:
    pass


holder = Holder()
holder.items = (1, 2, hashlib.sha256())


def check():
    holder.items[2].update(b"x")
