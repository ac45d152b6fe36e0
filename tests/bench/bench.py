# SPDX-License-Identifier: BSD-3-Clause
"""Runs the benchmarks and prints ratios to plain python3; smaller is better, 1 is no difference.

    bench.py [--rounds N] [--json FILE] [b0] [b1] [b5] [b6] [b6self] [b7] [b8] [b9] [cuts] [spread]

b1 is relative to a copy in memory, b7 to one Barrier, b8 to one rank. cuts (how long the ranks of small MPI programs take to
come to a stop) and spread (messages of a cut against the number of ranks) print tables of their own.
"""
import argparse
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import interleaved

HERE = Path(__file__).resolve().parent
BIN = Path(os.environ.get("CHKPT_BIN_DIR", HERE.parents[1] / "build" / "bin"))
PYTHON = os.environ.get("CHKPT_PYTHON", "/usr/bin/python3")
TESTS = BIN.parent / "tests"  # programs built with -DCHKPT_BUILD_TESTS=ON
BARS = {"b0": "B0", "b1": "B1/B2", "b5": "B5", "b6": "B6", "b6self": "B6", "b7": "B7", "b8": "B8", "b9": "B9"}
REPORTS = ("cuts", "spread")
PATTERNS = ("slowring", "tokenring", "ring", "masterworker", "straggler", "subcomm", "dense",
            "collector", "polling", "in_flight")


def environment():
    env = {k: v for k, v in os.environ.items() if not k.startswith("CHKPT_")}
    env.update({"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                "OMPI_MCA_rmaps_base_oversubscribe": "1", "TMPDIR": os.getcwd(),
                "OMPI_MCA_btl_vader_backing_directory": os.getcwd(),
                "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"})
    return env


def armed():
    """chkpt-mpi as users start it: triggers armed, nothing due within the benchmark."""
    return [BIN / "chkpt-mpi", "-q", "--resume", "never"]


def compare(script, rounds, launcher=(), options=()):
    reference = [*launcher, PYTHON, HERE / script]
    ours = [*launcher, *armed(), *options, HERE / script]
    env = environment()
    pairs = interleaved.interleave(lambda: interleaved.measure(reference, env),
                                   lambda: interleaved.measure(ours, env), rounds)
    return [interleaved.ratio_of(pairs, name) for name in pairs[0][0]]


def compare_whole(name, words, rounds, launcher=()):
    """From the start of the command to its end, each time in a run directory of its own."""
    env = environment()
    runs = itertools.count()

    def reference():
        return interleaved.measure_whole([*launcher, PYTHON, *words], env, name)

    def ours():
        directory = ["-o", f"{name.replace(' ', '-')}-{next(runs)}"]
        return interleaved.measure_whole([*launcher, *armed(), *directory, *words], env, name)

    return interleaved.ratio_of(interleaved.interleave(reference, ours, rounds), name)


def b0(rounds):
    return (compare("pure_python.py", rounds) +
            compare("waited_for.py", rounds, options=["-f", "20"]))


def b1(rounds):
    """A snapshot of numpy arrays against what cannot be done without, on the same bytes."""
    mib = 1024 if rounds > 1 else 8
    found = interleaved.measure([*armed(), "-f", "-1", HERE / "blocking.py", rounds, mib],
                                environment(), timeout_s=900)
    names = {("memcpy", "blocked"): "blocked / memcpy", ("durable", "waited"): "snapshot() / write + fsync",
             ("durable", "lost"): "script later by / write + fsync"}
    return [interleaved.ratio_of([({name: each[reference]}, {name: each[ours]}) for each in found], name)
            for (reference, ours), text in names.items() for name in [f"{mib} MiB: {text}"]]


def b5(rounds):
    script = HERE / "startup.py"
    return [compare_whole("start to end", [script], rounds),
            compare_whole("with mpi4py", [script, "mpi4py"], rounds),
            compare_whole("with mpi4py on 2 ranks", [script, "mpi4py"], rounds,
                          ["mpirun", "-n", "2"])]


def b6(rounds):
    return compare("messages.py", rounds, ["mpirun", "-n", "2"])


def b6self(rounds):
    return compare("messages_to_self.py", rounds)


def job(ranks, rounds, size):
    """Medians of a Barrier and of a snapshot of `size` bytes spread over the ranks."""
    env = {**environment(), "OMPI_MCA_mpi_yield_when_idle": "1"}
    return interleaved.measure(["mpirun", "-n", ranks, *armed(), "-f", "-1",
                                HERE / "job_snapshots.py", rounds, size], env)


def b7(rounds):
    rows = []
    for ranks in (2, 4, 8, 16, 32) if rounds > 1 else (2,):
        found = [job(ranks, 7, 0) for _ in range(max(1, rounds // 2))]
        pairs = [({"x": each["barrier"]}, {"x": each["snapshot"]}) for each in found]
        rows.append({**interleaved.ratio_of(pairs, "x"), "name": f"snapshot / Barrier on {ranks}"})
    return rows


def b8(rounds):
    ranks, size = (32, 256 << 20) if rounds > 1 else (2, 1 << 20)
    name = f"{size >> 20} MiB on {ranks} ranks / on 1"

    def on(number):
        return {name: job(number, 3, size)["snapshot"]}

    return [interleaved.ratio_of(interleaved.interleave(lambda: on(1), lambda: on(ranks),
                                                        max(1, rounds // 2)), name)]


def cuts(rounds):
    """Time from the request of a cut until all ranks stand; nothing is written."""
    lines = [f"{'to cut':20} {'ranks':>5} {'cuts':>6} {'median':>10} {'99 %':>10}"]
    env = {**environment(), "OMPI_MCA_mpi_yield_when_idle": "1"}
    which = itertools.product(PATTERNS, (4, 8)) if rounds > 1 else [(PATTERNS[0], 4)]
    for name, ranks in which:
        said = subprocess.run(["mpirun", "-n", str(ranks), TESTS / "cut_programs", name, "--seconds",
                               "2" if rounds > 1 else "0.5", "--every-ms", "5"], env=env, text=True,
                              capture_output=True, timeout=60, check=True).stdout
        found = re.search(r"(\d+) cuts.*median (\S+) ms, 99 % (\S+) ms", said)
        count, median, worst = found.groups()
        lines.append(f"{name:20} {ranks:>5} {count:>6} {median:>7} ms {worst:>7} ms")
    return "\n".join(lines)


def spread(rounds):
    most = [] if rounds > 1 else ["--most", "100"]
    return subprocess.run([TESTS / "spread", *most], text=True, capture_output=True, timeout=300,
                          check=True).stdout.rstrip()


def b9(rounds):
    done = subprocess.run([*armed(), "-f", "-1", HERE / "capture.py", str(rounds)], text=True,
                          env=environment(), capture_output=True, timeout=600, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    rows = []
    for kind, seconds in json.loads(done.stdout.splitlines()[-1]).items():
        for reference, name in (("dumps", "snapshot / dumps"), ("durable", "snapshot / dumps + fsync")):
            a, b = seconds[reference], seconds["snapshot"]
            rows.append({"name": f"{kind}: {name}", "rounds": rounds, "discarded": 0,
                         "reference_s": statistics.median(a), "minimum": min(b) / min(a),
                         "median": statistics.median(b) / statistics.median(a),
                         "cpu": float("nan")})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--json", type=Path)
    parser.add_argument("which", nargs="*", choices=[*BARS, *REPORTS, []], default=[])
    options = parser.parse_args()
    target = options.json.resolve() if options.json else None
    rows, tables = [], []
    with tempfile.TemporaryDirectory(dir=BIN.parent, prefix="bench-") as folder:
        os.chdir(folder)
        for name in options.which or [*BARS, *REPORTS]:
            if name in REPORTS:
                if (TESTS / "cut_programs").exists():
                    tables.append(globals()[name](options.rounds))
                continue
            for row in globals()[name](options.rounds):
                rows.append({"bar": BARS[name], **row})
        os.chdir(HERE)
    if rows:
        tables.insert(0, interleaved.table(rows))
    print("\n\n".join(tables))
    if target:
        target.write_text(json.dumps(rows, indent=1) + "\n", encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
