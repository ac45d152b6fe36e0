# `__main__.loop -> <asyncio.unix_events._UnixSelectorEventLoop>`
# (an event loop that is just being made or closed)
# Its close() has taken its own socket out of its selector, and not yet closed it.
import asyncio

loop = asyncio.new_event_loop()
loop._remove_reader(loop._ssock.fileno())


def check():
    loop._add_reader(loop._ssock.fileno(), loop._read_from_self)
    loop.close()
