# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Codecs and their error handlers, the signal mask, resource limits, locks on files."""
import codecs
import fcntl
import os
import resource
import signal

from digest import Digest, report


def spelled(error):
    return "".join(f"<{ord(c):x}>" for c in error.object[error.start:error.end]), error.end


def search(name):
    if name != "doubled":
        return None
    return codecs.CodecInfo(lambda text, errors="strict": ((text + text).encode(), len(text)),
                            lambda data, errors="strict": (bytes(data).decode()[::2], len(data)),
                            name="doubled")


codecs.register_error("spelled", spelled)
codecs.register(search)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGWINCH, signal.SIGURG})
resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 24, hard))
whole = open("whole.lock", "w")
fcntl.flock(whole, fcntl.LOCK_EX)
ranges = open("ranges.lock", "w+")
fcntl.lockf(ranges, fcntl.LOCK_EX, 10, 100)
fcntl.lockf(ranges, fcntl.LOCK_SH, 0, 500)


def locks(file):
    with open(f"/proc/self/fdinfo/{file.fileno()}") as info:
        lines = [line.split() for line in info if line.startswith("lock:")]
    return sorted([line[2], line[4], *line[7:]] for line in lines)


digest = Digest()
value = 7
for i in range(40000):
    for k in range(180):
        value = (value * 75 + k) % 65537
    if i % 500 == 0:
        digest.add(i, value, f"a{chr(value)}b".encode("ascii", "spelled"), str(i).encode("doubled"))
        digest.add(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
        digest.add(resource.getrlimit(resource.RLIMIT_CORE)[0],
                   resource.getrlimit(resource.RLIMIT_NOFILE)[0] - soft)
        digest.add(locks(whole), locks(ranges), os.path.getsize("ranges.lock"))
report("process_settings", digest)
