# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""A whole program inside decimal.localcontext(), with a JSON decoder kept and rows made in a call."""
import contextlib
import csv
import decimal
import io
import json
import warnings

from digest import Digest, report


class Store:
    def __init__(self):
        self.decoder = json.JSONDecoder(object_hook=self.hook, parse_float=decimal.Decimal)
        self.encoder = json.JSONEncoder(sort_keys=True, indent=1)
        self.seen = 0

    def hook(self, found):
        self.seen += len(found)
        return found


def slow(i):
    total = 0
    for k in range(300):
        total += k ^ i
    return total


store, digest = Store(), Digest()
printed = io.StringIO()
with (decimal.localcontext() as context, open("rows.csv", "w", newline="", encoding="ascii") as out,
      contextlib.redirect_stdout(printed), warnings.catch_warnings()):
    warnings.simplefilter("ignore")
    context.prec = 33
    writer = csv.writer(out, delimiter=";")
    x = decimal.Decimal(2)
    for i in range(20000):
        writer.writerow([slow(i), str(x), *(slow(j) for j in range(2))])
        x = (x * 3 + 1).sqrt() + decimal.Decimal(i) / 7
        if i % 10 == 0:
            print(store.decoder.decode(store.encoder.encode({"a": {"b": i}, "x": str(x)})))
        with decimal.localcontext(decimal.Context(prec=5)):
            rounded = +x
        assert decimal.getcontext() is context
digest.add(printed.getvalue(), x, rounded, decimal.getcontext().prec, store.seen)
report("held_contexts", digest)
