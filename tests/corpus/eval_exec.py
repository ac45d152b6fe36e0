# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Code made at run time: eval, exec, compile, functions and modules of no file."""
import types

from digest import Digest, report

SOURCE = """
def step_{n}(x, table={{}}):
    table[x % 10] = table.get(x % 10, 0) + {n}
    total = 0
    for i in range(60):
        total += (x * i + {n}) % 7
    return total + table[x % 10]

class Thing_{n}:
    value = {n}
    def get(self):
        return self.value + len(type(self).__name__)
"""

digest = Digest()
namespace = {"__name__": "made"}
module = types.ModuleType("made_up")
for n in range(60):
    exec(compile(SOURCE.format(n=n), f"<made {n}>", "exec"), namespace)
    exec(f"counter = {n}\nfor q in range(300):\n    counter = (counter * 7 + q) % 1009", module.__dict__)
    digest.add(module.counter)
    function, thing = namespace[f"step_{n}"], namespace[f"Thing_{n}"]()
    x = n
    for i in range(4500):
        x = function(x + i)
        if i % 10 == 0:
            x += eval("thing.get() + x % 5")
            x = eval("(lambda y: y * 2 - n)(x)", {"x": x, "n": n})
    digest.add(x, function.__code__.co_filename, thing.get())
exec("total = sum(eval(f'step_{k}({k})') for k in range(60))", namespace)
digest.add(namespace["total"])
report("eval_exec", digest)
