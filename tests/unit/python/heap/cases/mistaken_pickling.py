# Objects of libraries whose own way of pickling fails by accident.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))
import mistaken  # noqa: E402

ring = mistaken.Ring(7)
half = mistaken.Half.__new__(mistaken.Half)
half.note = [ring]


def check():
    assert ring.size == 7 and ring.product_of_two(5, 3) == 1
    assert type(half) is mistaken.Half and vars(half) == {"note": [ring]}
