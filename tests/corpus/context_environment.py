# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Process state: working directory, os.environ, umask, contextvars, warnings filters, sys.path."""
import contextvars
import os
import sys
import warnings

from digest import Digest, report

level = contextvars.ContextVar("level", default=0)
name = contextvars.ContextVar("name")
digest = Digest()
top = os.getcwd()
for folder in ("one", "two"):
    os.makedirs(folder, exist_ok=True)
warnings.simplefilter("error", RuntimeWarning)
sys.path.append("/nowhere/in/particular")
sys.setrecursionlimit(1234)
value = 1
for i in range(400):
    token = level.set(i)
    name.set(f"n{i}")
    os.chdir(os.path.join(top, ("one", "two")[i % 2]))
    os.environ["CORPUS_STEP"] = str(i)
    os.environ.pop("CORPUS_OLD", None)
    for k in range(28000):
        value = (value * 75 + k) % 65537
    context = contextvars.copy_context()
    if i % 3:
        level.reset(token)
    if i % 20 == 0:
        os.umask(0o022 if i % 40 else 0o077)
        with open(f"here{i}.txt", "w", encoding="ascii") as out:
            out.write(os.environ["CORPUS_STEP"])
        mode = os.stat(f"here{i}.txt").st_mode & 0o777
        try:
            warnings.warn("turned into an error", RuntimeWarning)
        except RuntimeWarning as error:
            digest.add(str(error))
        digest.add(value, level.get(), context[name], os.path.basename(os.getcwd()), oct(mode))
        digest.add(sys.path[-1], sys.getrecursionlimit(), context[level])
os.chdir(top)
report("context_environment", digest)
