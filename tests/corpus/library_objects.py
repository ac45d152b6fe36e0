# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
# State of library modules behind their global names: objects made after the import, attributes of
# classes, counters, containers in containers, and the script's references to all of them.
import calendar
import collections
import email.charset
import fractions
import html.parser
import itertools
import json.encoder
import mimetypes
import string
import textwrap

from digest import Digest, report


class Wide(textwrap.TextWrapper):
    def fill(self, text):
        return "|" + super().fill(text)


digest = Digest()
mimetypes.init()                                   # makes the object in mimetypes._db
database = mimetypes._db
mimetypes.add_type("application/x-chkpt", ".chkpt")
fractions.Fraction.made = 0                        # a counter in a class
textwrap.TextWrapper.joined = lambda self, words: "-".join(words)
string.Formatter.cache = {}
email.charset.ALIASES["plain"] = "us-ascii"
aliases = email.charset.ALIASES
calendar.numbers = itertools.count(5)
calendar.recent = collections.deque(maxlen=4)
calendar.Shifted = type("Shifted", (calendar.TextCalendar,), {"__module__": "calendar"})
shifted = calendar.Shifted(2)
calendar.c.setfirstweekday(3)                      # an object of the import, changed
month = calendar.c
html.parser.HTMLParser.CDATA_CONTENT_ELEMENTS += ("pre",)
separator = json.encoder.JSONEncoder.item_separator = " ; "
wrapper = Wide(20)
value = 7
for i in range(16000):
    for k in range(300):
        value = (value * 75 + k) % 65537
    fractions.Fraction.made += value % 3
    string.Formatter.cache[value % 50] = i
    calendar.recent.append(value)
    calendar.c.setfirstweekday(value % 7)
    aliases[f"a{value % 9}"] = str(i)
    digest.add(next(calendar.numbers), fractions.Fraction(value, 9), fractions.Fraction.made)
    digest.add(list(calendar.recent), sorted(string.Formatter.cache.items())[:3])
    digest.add(month.firstweekday, month is calendar.c)
    digest.add(email.charset.ALIASES is aliases, sorted(email.charset.ALIASES.items())[:4])
    digest.add(database is mimetypes._db, mimetypes.guess_type(f"x{i}.chkpt"))
    digest.add(type(shifted) is calendar.Shifted, shifted.getfirstweekday())
    digest.add(json.dumps([value, i]), wrapper.joined(["a", str(value)]), wrapper.fill(f"{value} words"))
    digest.add(html.parser.HTMLParser.CDATA_CONTENT_ELEMENTS)
report("library_objects", digest)
