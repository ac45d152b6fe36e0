# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Signal handlers set by the script, raised by itself; ignored and default ones stay as they were."""
import signal

from digest import Digest, report


class Counter:
    def __init__(self):
        self.caught = {}

    def handle(self, number, frame):
        name = signal.Signals(number).name
        self.caught[name] = self.caught.get(name, 0) + 1
        for _ in range(20):
            pass
        if name == "SIGALRM":
            raise TimeoutError(self.caught[name])


counter = Counter()
signal.signal(signal.SIGWINCH, counter.handle)
signal.signal(signal.SIGALRM, counter.handle)
signal.signal(signal.SIGTERM, counter.handle)
signal.signal(signal.SIGQUIT, signal.SIG_IGN)
digest = Digest()
value = 1
for i in range(3000):
    for k in range(4000):
        value = (value * 16807 + k) % 2147483647
    if i % 3 == 0:
        signal.raise_signal(signal.SIGWINCH)
    if i % 50 == 0:
        try:
            signal.raise_signal(signal.SIGALRM)
            for _ in range(1000):
                pass
        except TimeoutError as error:
            digest.add(error.args)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGQUIT)
        digest.add(value, counter.caught, signal.getsignal(signal.SIGQUIT) is signal.SIG_IGN)
        digest.add(signal.getsignal(signal.SIGWINCH) == counter.handle)
report("signal_handlers", digest)
