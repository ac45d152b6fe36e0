# SPDX-License-Identifier: BSD-3-Clause
"""Runs the benchmarks and prints ratios to plain python3; smaller is better, 1 is no difference.

    bench.py [--rounds N] [--json FILE] [b0] [b5] [b6] [b6self] [b9]
"""
import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import interleaved

HERE = Path(__file__).resolve().parent
BIN = Path(os.environ.get("CHKPT_BIN_DIR", HERE.parents[1] / "build" / "bin"))
PYTHON = os.environ.get("CHKPT_PYTHON", "/usr/bin/python3")
BARS = {"b0": "B0", "b5": "B5", "b6": "B6", "b6self": "B6", "b9": "B9"}


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


def compare(script, rounds, launcher=()):
    reference = [*launcher, PYTHON, HERE / script]
    ours = [*launcher, *armed(), HERE / script]
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
    return compare("pure_python.py", rounds)


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


def b9(rounds):
    done = subprocess.run([*armed(), "-f", "-1", HERE / "capture.py", str(rounds)], text=True,
                          env=environment(), capture_output=True, timeout=600, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    seconds = json.loads(done.stdout.splitlines()[-1])
    rows = []
    for reference, name in (("dumps", "snapshot / pickle.dumps"),
                            ("durable", "snapshot / pickle + fsync")):
        a, b = seconds[reference], seconds["snapshot"]
        rows.append({"name": name, "rounds": rounds, "discarded": 0,
                     "reference_s": statistics.median(a), "minimum": min(b) / min(a),
                     "median": statistics.median(b) / statistics.median(a), "cpu": float("nan")})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--json", type=Path)
    parser.add_argument("which", nargs="*", choices=[*BARS, []], default=[])
    options = parser.parse_args()
    target = options.json.resolve() if options.json else None
    rows = []
    with tempfile.TemporaryDirectory(dir=BIN.parent, prefix="bench-") as folder:
        os.chdir(folder)
        for name in options.which or BARS:
            for row in globals()[name](options.rounds):
                rows.append({"bar": BARS[name], **row})
        os.chdir(HERE)
    print(interleaved.table(rows))
    if target:
        target.write_text(json.dumps(rows, indent=1) + "\n", encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
