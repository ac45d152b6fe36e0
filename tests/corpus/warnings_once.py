# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Warnings: what was shown once per place stays shown once; filters and counts go on."""
import warnings

from digest import Digest, report


def show(message, category, filename, lineno, file=None, line=None):
    digest.add(str(message), category.__name__, lineno)


def noisy(kind):
    warnings.warn(f"kind {kind}", UserWarning)
    if kind == 1:
        warnings.warn("deprecated", DeprecationWarning)


digest = Digest()
warnings.showwarning = show
warnings.simplefilter("default")
warnings.filterwarnings("ignore", message="kind 3")
total = 0
for step in range(30000):
    noisy(step % 5)
    for k in range(300):
        total = (total * 31 + k) % 1000003
digest.add(total)
report("warnings_once", digest)
