# Objects of libraries whose own way of pickling fails by accident.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))
import mistaken  # noqa: E402

ring = mistaken.Ring(7)
half = mistaken.Half.__new__(mistaken.Half)
half.note = [ring]

fields = mistaken.Fields(3, ring)
fields["x"].append(1)
region = mistaken.Region("left", [1, 2])
cells = region.cells


def check():
    assert ring.size == 7 and ring.product_of_two(5, 3) == 1
    assert type(half) is mistaken.Half and vars(half) == {"note": [ring]}
    assert type(fields) is mistaken.Fields and fields == {"x": [1]} and fields["y"] == []
    assert fields.size == 3 and fields.owner is ring
    del fields["y"]
    assert mistaken.Region.known["left"] is region and region.cells is cells and cells[0] is region.corners
