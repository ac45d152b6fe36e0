# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Built-in objects with state: slices, ranges, memoryviews, mappingproxy, dates, paths, structs."""
import array
import collections
import datetime
import ipaddress
import operator
import pathlib
import struct
import types
import uuid
import zlib

from digest import Digest, report

data = bytearray(range(200))
view = memoryview(data)[10:150]
grid = memoryview(array.array("i", range(60))).cast("B").cast("i", [6, 10])
window = slice(3, 90, 7)
huge = range(10**30, 10**30 + 10**9, 7)
proxy = types.MappingProxyType({"a": [1]})
space = types.SimpleNamespace(x=1, inner=types.SimpleNamespace(y=[2]))
moment = datetime.datetime(2020, 2, 28, 23, 59, tzinfo=datetime.timezone.utc)
path = pathlib.PurePosixPath("/some")
network = ipaddress.ip_network("10.0.0.0/22")
hosts = network.hosts()
layout = struct.Struct("<IHb")
numbers = collections.deque(maxlen=9)
getter = operator.itemgetter(2, 5)
caller = operator.methodcaller("upper")
append = numbers.append
marker = ...
digest = Digest()
crc = 0
for i in range(1700000):
    view[i % 140] = (view[i % 140] + i) % 256
    space.inner.y[0] += i
    append(i)
    crc = zlib.crc32(data[window], crc) if i % 10 == 0 else crc
    if i % 10000 == 0:
        moment += datetime.timedelta(hours=7, microseconds=i)
        path = path / f"d{i % 3}" if len(path.parts) < 6 else path.parent.parent
        address = next(hosts)
        proxy["a"].append(i)
        digest.add(bytes(data)[:30], grid[i % 6, 3], crc)
        digest.add(moment.isoformat(), str(path), address, huge[i], huge.index(huge[i * 3]))
        digest.add(proxy, space, layout.pack(i, i % 999, -5), getter(range(i, i + 9)), caller("ab"))
        digest.add(uuid.UUID(int=i * 10**20), marker is Ellipsis, NotImplemented, int.__add__(1, i))
        digest.add(list(numbers), str.join("-", ("x", "y")), type(proxy).__name__)
report("builtin_kinds", digest)
