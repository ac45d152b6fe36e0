# kinds: 4 7
def spin(n, start=0):
    s = start
    for i in range(n):
        s = (s * 31 + i) % 1000003
    return s


class Pause:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        spin(100)
        got = yield self.value
        spin(100)
        return got


async def leaf(n):
    first = await Pause(n)
    return spin(200, first)


class Async:
    async def __aenter__(self):
        return await leaf(3)

    async def __aexit__(self, kind, value, tb):
        log("aexit", kind, await leaf(4))
        return True


async def ticks(n):
    for i in range(n):
        yield i + await leaf(i)


async def main(n):
    total = 0
    for i in range(n):
        total += await leaf(i) + spin(100)
    async with Async() as a:
        total += a
        spin(200)
        raise OSError("inside")
    values = [v async for v in ticks(2)]
    return total, values


def drive(coroutine):
    value = None
    while True:
        try:
            value = coroutine.send(value)
            log("asked", value)
            value = 2 * value + 1
        except StopIteration as stop:
            return stop.value


for turn in range(10):
    log(drive(main(3)))
