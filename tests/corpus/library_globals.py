# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
# State in modules of the standard library: tables filled on first use, settings, registries, and a
# function that the script replaced.
import base64
import colorsys
import copyreg
import fractions
import keyword
import mimetypes
import string
import textwrap

from digest import Digest, report


class Point:
    def __init__(self, x):
        self.x = x


def reduce_point(point):
    return Point, (point.x + 1,)


def louder(text, *arguments, **keywords):
    return original(text.upper(), *arguments, **keywords)


digest = Digest()
original = textwrap.fill
textwrap.fill = louder
copyreg.pickle(Point, reduce_point)
mimetypes.add_type("application/x-chkpt", ".chkpt")
keyword.kwlist.insert(0, Point(7))
colorsys.ONE_THIRD = 0.25
string.whitespace += "_"
keyword.kwlist.append("chkpt")
keyword.extra = {"made": ["by", ("the", b"script")]}
alias = keyword.kwlist
del keyword.softkwlist
value = 5
for i in range(9000):
    for k in range(400):
        value = (value * 75 + k) % 65537
    digest.add(base64.a85encode(value.to_bytes(8, "big")), base64.b85encode(b"%d" % value))
    digest.add(textwrap.fill(f"words {value} and more words", 12), fractions.Fraction(value, 7))
    digest.add(colorsys.hls_to_rgb(value % 100 / 100, 0.5, 0.5), string.whitespace)
    digest.add(mimetypes.guess_type(f"x{i}.chkpt"), copyreg.dispatch_table[Point](Point(i))[1])
    keyword.kwlist[0].x += value % 5
    digest.add(keyword.kwlist[0].x)
    keyword.extra["made"].append(value % 3)
    del keyword.extra["made"][:-5]
    digest.add(keyword.kwlist[-1], keyword.extra, alias is keyword.kwlist)
    digest.add(hasattr(keyword, "softkwlist"), textwrap.fill is louder)
report("library_globals", digest)
