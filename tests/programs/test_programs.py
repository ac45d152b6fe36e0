# SPDX-License-Identifier: BSD-3-Clause
"""Programs in the manner of their users, on libraries that nobody wrote for chkpt.

Each is killed at random moments, resumed, and must print and write what it does under python3. Some
hold objects that only their library's C code knows; their head says so (`# refused: TEXT`): they must
run to their end as under python3, and the refusals must name TEXT. What is not installed is skipped.
"""
import random
import subprocess
from pathlib import Path

import pytest

import harness
import killed_runs
from harness import CHKPT_MPI, PYTHON

PROGRAMS = sorted((Path(__file__).parent / "scripts").glob("*.py"))
SAMPLE = 8                 # programs of a run without --kills, drawn by the seed
INTERVALS = (100, 100, 40)  # milliseconds
MOST_KILLS = 4             # of one run


def refusal(script):
    """What the head of a program says its refusals name, in alternatives; None if it has none."""
    for line in script.read_text().splitlines()[:4]:
        if line.startswith("# refused: "):
            return line.partition(": ")[2].split("|")
    return None


def missing(scripts):
    """{script: modules that the Python under test lacks}."""
    imports = {script: harness.imported_modules(script) for script in scripts}
    probe = "import importlib.util as u, sys; print(*[n for n in sys.argv[1:] if not u.find_spec(n)])"
    done = subprocess.run([PYTHON, "-c", probe, *set().union(*imports.values())], check=True,
                          capture_output=True, text=True, timeout=60)
    lacking = set(done.stdout.split())
    return {script: sorted(names & lacking) for script, names in imports.items()}


def trials(kills, seed):
    """(script, kills, seed) of each test."""
    rng = random.Random(seed)
    if kills is None:
        return [(script, 1, rng.randrange(10**9)) for script in rng.sample(PROGRAMS, SAMPLE)]
    chosen, pool = [], []
    while kills > 0:
        pool = pool or rng.sample(PROGRAMS, len(PROGRAMS))
        count = min(kills, rng.choice([1, 2, 2, 3, MOST_KILLS]))
        kills -= count
        chosen.append((pool.pop(), count, rng.randrange(10**9)))
    return chosen


def pytest_generate_tests(metafunc):
    if "trial" not in metafunc.fixturenames:
        return
    lacks = missing(PROGRAMS)
    chosen = trials(metafunc.config.getoption("--kills"), metafunc.config.getoption("--seed"))
    metafunc.parametrize("trial", [
        pytest.param(trial, id=f"{trial[0].stem}-{trial[1]}kills-{number}",
                     marks=[pytest.mark.skip(reason=f"{PYTHON} has no {', '.join(lacks[trial[0]])}")]
                     if lacks[trial[0]] else [])
        for number, trial in enumerate(chosen)])


@pytest.fixture(scope="session")
def references(tmp_path_factory):
    known = {}

    def get(script, ranks):
        if script not in known:
            known[script] = harness.reference(script, ranks, tmp_path_factory.mktemp(script.stem))
            assert known[script].outcome.code == 0, known[script].outcome.stderr
        return known[script]

    return get


def test_goes_on_as_if_nothing_had_happened(trial, references, folder):
    script, kills, seed = trial
    ranks = harness.declared_ranks(script)[0]
    expected = references(script, ranks)
    if refusal(script):
        outcome = harness.run([CHKPT_MPI, "-f", "20", script], folder / "work", ranks)
        assert (outcome.code, outcome.stdout) == (0, expected.outcome.stdout), outcome.stderr
        refused = [line for line in outcome.messages if " skipped: " in line]
        assert any(text in line for line in refused for text in refusal(script)), outcome.stderr
        return
    incarnations, work = killed_runs.killed_at_last(script, ranks, kills, seed, folder, INTERVALS)
    killed_runs.assert_as_unbroken(incarnations, work, expected, ranks)
