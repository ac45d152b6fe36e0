# SPDX-License-Identifier: BSD-3-Clause
"""chkpt-inspect on snapshots that chkpt-mpi took of running scripts."""
import json
import os
import shutil
import subprocess

import pytest

import harness
from harness import CHKPT_INSPECT, CHKPT_MPI

SCRIPT = '''\
import time


class Point:
    __slots__ = ("x", "y")

    def __init__(self):
        self.x, self.y = 3, 4


class Solver:
    def __init__(self):
        self.field = bytearray(200000)
        self.dt = 0.25
        self.tags = {"red", "green"}
        self.corner = Point()

    def step(self, i):
        total = 0
        for k in range(2000):
            total += k * i
        return total


state = {"runs": 1, "history": []}


def main():
    solver = Solver()
    history = state["history"]
    hidden = 41
    captured = lambda: hidden
    label = "h\\u00e4t \\x1b[31m"
    i = 0
    while True:
        i += 1
        history[:] = [solver.step(i)]


main()
'''

NUMPY_SCRIPT = '''\
import numpy as np
from mpi4py import MPI

comm = MPI.COMM_WORLD


def main():
    field = np.full((100, 200), float(comm.rank))
    top = field[:50]
    flags = np.zeros(7, dtype=bool)
    while True:
        field += comm.allreduce(1)


main()
'''


def inspect(*arguments, env=None):
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", **(env or {})}
    return subprocess.run([CHKPT_INSPECT, *map(str, arguments)], capture_output=True, timeout=60,
                          env=environment)


def inspect_json(command, *arguments):
    done = inspect(command, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["schema"] == f"chkpt-inspect/{command}/1"
    return answer


@pytest.fixture(scope="module")
def run_of_script(tmp_path_factory):
    """The run directory of SCRIPT, killed after its second snapshot."""
    work = tmp_path_factory.mktemp("inspect") / "work"
    work.mkdir()
    (work / "sim.py").write_text(SCRIPT)
    harness.run_until_snapshots([CHKPT_MPI, "-f", "50", "sim.py", "--size", "9"], work)
    return harness.run_directory(work)


@pytest.fixture
def run(run_of_script, folder):
    """A copy that a test may damage."""
    return shutil.copytree(run_of_script, folder / "work" / "run", symlinks=True)


def variables(run, *arguments):
    ranks = inspect_json("tree", run, *arguments)["ranks"]
    return {v["name"]: v for rank in ranks for v in rank["variables"]}


def test_summary_tells_script_place_and_largest_variable(run):
    summary = inspect_json("summary", run)
    assert summary["valid"] and summary["nranks"] == 1
    assert summary["script"].endswith("sim.py") and summary["argv"] == ["--size", "9"]
    assert summary["variables"][0]["name"] == "sim.py:main.<locals>.solver"
    assert summary["variables"][0]["bytes"] > 200000
    functions = [frame["function"] for frame in summary["positions"][0]["stack"]]
    assert functions[:2] == ["<module>", "main"]


def test_tree_names_types_and_values(run):
    found = variables(run)
    prefix = "sim.py:main.<locals>."
    solver = found[prefix + "solver"]
    assert solver["type"] == "Solver"
    assert found[prefix + "solver.field"]["length"] == 200000
    assert found[prefix + "solver.field"]["bytes"] >= 200000
    assert found[prefix + "solver.dt"]["value"] == "0.25"
    assert found[prefix + "solver.tags"]["length"] == 2
    assert "'red'" in found[prefix + "solver.tags"]["value"]
    assert found[prefix + "hidden"]["value"] == "41"
    assert found["__main__.state['runs']"]["value"] == "1"
    assert found[prefix + "history"]["alias_of"] == "__main__.state['history']"
    assert "\x1b" not in found[prefix + "label"]["value"]
    assert "h\u00e4t" in found[prefix + "label"]["value"]


def test_tree_finds_slots_by_a_pattern(run):
    found = variables(run, "*.corner.*")
    values = {name.rsplit(".", 1)[1]: v["value"] for name, v in found.items()}
    assert values == {"x": "3", "y": "4"}


def test_stack_reads_like_a_traceback(run, run_of_script):
    text = inspect("stack", "--wide", run).stdout.decode()
    assert f'File "{run_of_script.parents[1] / "sim.py"}", line ' in text
    assert "in main\n" in text
    assert "      hidden = 41\n" in text
    assert "    main()\n" in text


def test_list_and_check_agree_on_the_resume(run):
    listed = inspect_json("list", run)["snapshots"]
    taken = [s["epoch"] for s in listed if s["resume"]]
    assert taken == [max(s["epoch"] for s in listed if s["state"] == "valid")]
    assert inspect_json("check", run)["resume_epoch"] == taken[0]


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove", "manifest"])
def test_damage_is_exit_1_and_one_step_back(run, damage):
    newest = inspect_json("list", run)["snapshots"]
    newest = [s for s in newest if s["state"] in ("valid", "committed")]
    victim = run / newest[0]["name"] / ("MANIFEST" if damage == "manifest" else "rank-00000.h5")
    os.chmod(victim, 0o600)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 0x10
    if damage == "truncate":
        content = content[:-5000]
    victim.unlink() if damage == "remove" else victim.write_bytes(content)
    os.chmod(victim.parent, 0o700)
    for command in ("list", "check"):
        done = inspect(command, "--json", run)
        assert done.returncode == 1, (command, done.stdout, done.stderr)
        assert done.stderr == b""
    assert json.loads(inspect("check", "--json", run).stdout)["resume_epoch"] == newest[1]["epoch"]
    shown = inspect("summary", victim.parent)
    assert shown.returncode == 1
    assert b"rank-00000.h5" in shown.stdout + shown.stderr or b"MANIFEST" in shown.stderr, shown


def test_output_is_ascii_in_the_c_locale_and_fits(run):
    for command in ("summary", "list", "tree", "stack", "check"):
        done = inspect(command, run, env={"LC_ALL": "C"})
        assert done.returncode == 0, done.stderr
        assert done.stdout.isascii() and b"\x1b" not in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 80, command


def test_trouble_is_exit_2_and_one_line(run, tmp_path):
    for arguments in (["/no/such/run"], [tmp_path], ["--nonsense", run], ["tree", run, "nothing*"],
                      ["tree", "--rank", "5", run], []):
        done = inspect(*arguments)
        assert done.returncode == 2, arguments
        assert done.stdout == b"" or arguments[0] == "tree"
        assert done.stderr.startswith(b"chkpt-inspect: ") and done.stderr.count(b"\n") == 1


def test_writable_by_others_is_refused(run):
    os.chmod(run, 0o777)
    done = inspect("list", run)
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1


def test_a_full_disk_under_the_output_is_noticed(run):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([CHKPT_INSPECT, run], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 2
    assert b"cannot write" in done.stderr


def test_help_and_version():
    assert inspect("--help").returncode == 0
    assert inspect("--version").stdout.startswith(b"chkpt-inspect ")


def test_arrays_and_ranks_of_an_mpi_job(work):
    (work / "ranks.py").write_text(NUMPY_SCRIPT)
    harness.run_until_snapshots([CHKPT_MPI, "-f", "100", "ranks.py"], work, ranks=2)
    run = harness.run_directory(work)
    field = "ranks.py:main.<locals>.field"
    found = variables(run, "--rank", "1")
    assert found[field]["dtype"] == "float64" and found[field]["shape"] == [100, 200]
    assert found[field]["bytes"] >= 160000
    assert found["ranks.py:main.<locals>.top"]["shape"] == [50, 200]
    assert found["ranks.py:main.<locals>.top"]["view_of"] == field
    assert found["ranks.py:main.<locals>.flags"]["dtype"] == "bool"
    summary = inspect_json("summary", run)
    assert summary["nranks"] == 2
    total = {v["name"]: v for v in summary["variables"]}[field]
    assert total["ranks"] == 2 and total["bytes"] >= 320000
    assert sorted(r for p in summary["positions"] for r in p["ranks"]) == [0, 1]
