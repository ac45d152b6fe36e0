# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""joblib (a cache on disk, calls in sequence), tqdm, dill and cloudpickle in one script."""
import io
import math
import tempfile
import warnings

import cloudpickle
import dill
from joblib import Memory, Parallel, delayed, dump, load
from tqdm import tqdm

warnings.filterwarnings('ignore', message='Persisting input')  # took long: with a kill between
memory = Memory(tempfile.mkdtemp(), verbose=0)  # it keeps how long each call took
calls = []


@memory.cache
def slow_square(number):
    calls.append(number)
    return sum(math.sqrt(number + i) for i in range(300)) ** 2


def make_adder(amount):
    def add(value, *, scale=2):
        return value * scale + amount
    return add


bar = tqdm(total=300, file=io.StringIO())
total = 0.0
functions = []
for number in tqdm(range(120), disable=True):
    total += slow_square(number % 30)
    functions.append(cloudpickle.loads(cloudpickle.dumps(make_adder(number))))
    functions.append(dill.loads(dill.dumps(lambda x, n=number: x + n)))
    total += sum(function(number) for function in functions[-6:])
    bar.update(2)
    if number % 40 == 0:
        dump({"total": total, "number": number}, "state.joblib")
print(len(calls), bar.n, repr(total), load("state.joblib"))
print(Parallel(n_jobs=1)(delayed(slow_square)(number) for number in range(28, 34)))
print(sum(function(1) for function in functions))
