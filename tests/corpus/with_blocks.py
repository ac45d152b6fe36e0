# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""with: classes, @contextmanager, ExitStack, suppress, nullcontext, errors inside and in __exit__."""
import contextlib

from digest import Digest, report


class Region:
    depth = 0

    def __init__(self, name, swallow=()):
        self.name, self.swallow = name, swallow

    def __enter__(self):
        Region.depth += 1
        for _ in range(20):
            pass
        return (self.name, Region.depth)

    def __exit__(self, kind, value, trace):
        for _ in range(20):
            pass
        Region.depth -= 1
        events.append((self.name, kind.__name__ if kind else None))
        return kind is not None and issubclass(kind, self.swallow)


@contextlib.contextmanager
def managed(i):
    events.append(("enter", i))
    try:
        yield i * 2
    except LookupError as error:
        events.append(("caught", repr(error)))
    finally:
        events.append(("leave", i))


def nested(i):
    with Region("outer", (ZeroDivisionError,)) as outer, Region("inner") as inner:
        for _ in range(30):
            i += outer[1] + inner[1]
        if i % 5 == 0:
            return 1 // 0
        return i
    return "swallowed"


events = []
digest = Digest()
for i in range(130000):
    digest.add(nested(i))
    with contextlib.suppress(KeyError, IndexError), managed(i) as doubled:
        if i % 7 == 0:
            [][doubled]
        digest.add(doubled)
    with contextlib.ExitStack() as stack:
        for level in range(i % 4):
            stack.enter_context(Region(f"stack{level}"))
        stack.callback(events.append, ("callback", i))
        with contextlib.nullcontext(i) as same:
            digest.add(same, Region.depth)
    if len(events) > 2000:
        digest.add(events)
        events.clear()
digest.add(events, Region.depth)
report("with_blocks", digest)
