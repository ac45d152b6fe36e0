# SPDX-License-Identifier: BSD-3-Clause
"""A real Slurm cluster on this machine, its batch jobs, and what happened to them when."""
import copy
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import harness

SCRIPT = harness.ROOT / "scripts" / "slurm-cluster"
PROGRAM = Path(__file__).with_name("paced.py")
RANKS = 4
TIMEOUT_S = 240  # other tests compute beside these


class Timeline:
    """What happened when, in seconds since the first event; printed with the test's output."""

    def __init__(self):
        self.events = []

    def note(self, text):
        self.events.append((time.time(), text))

    def __str__(self):
        start = self.events[0][0] if self.events else 0
        return "\n".join(f"{time.strftime('%H:%M:%S', time.localtime(when))} {when - start:+8.3f} "
                         f"{text}" for when, text in self.events)


class Cluster:
    """Four nodes n1 to n4, partitions low, gentle and high."""

    def __init__(self, home, nodes=4):
        self.home, self.nodes = Path(home), nodes
        self.command("up", str(nodes))
        self.env = {"SLURM_CONF": f"{home}/slurm.conf", "OMPI_MCA_mpi_yield_when_idle": "1",
                    "OMPI_MCA_btl_tcp_if_include": "lo", "OMPI_MCA_oob_tcp_if_include": "lo"}

    def command(self, action, *arguments, check=True):
        """Runs scripts/slurm-cluster."""
        done = subprocess.run([SCRIPT, action, self.home, *arguments], capture_output=True,
                              text=True, timeout=90, check=False)
        assert not check or done.returncode == 0, f"slurm-cluster {action} {arguments}: {done.stderr}"
        return done.stdout

    def node(self, name, action, *arguments, check=True):
        return self.command("node", name, action, *arguments, check=check)

    def tool(self, *command, check=True, **options):
        """Runs one of Slurm's own commands; what it printed."""
        done = subprocess.run([*map(str, command)], env={**os.environ, **self.env},
                              capture_output=True, text=True, timeout=30, check=False, **options)
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def all_idle(self):
        return self.tool("sinfo", "-h", "-p", "low", "-t", "idle", "-o", "%D") == str(self.nodes)

    def tidy(self):
        """No job, every node up: as the next test wants to find it."""
        if self.all_idle() and not self.tool("squeue", "-h"):
            return
        names = [f"n{number + 1}" for number in range(self.nodes)]
        for name in names:
            self.node(name, "start")
        for job in set(self.tool("squeue", "-h", "-o", "%A").split()):
            self.tool("scancel", job, check=False)
            self.tool("scancel", "--full", "--signal=KILL", job, check=False)
        until(lambda: not self.tool("squeue", "-h"), 60, lambda: self.tool("squeue"))
        self.tool("scontrol", "update", f"NodeName={','.join(names)}", "State=RESUME", check=False)
        until(self.all_idle, 60, lambda: self.tool("sinfo", "-N", "-l"))

    def down(self):
        self.command("down")


def until(condition, timeout_s, describe=lambda: ""):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"nothing after {timeout_s} s\n{describe()}"
        time.sleep(0.05)


class BatchJob:
    """A submitted batch script; its output file is followed while anything is waited for."""

    def __init__(self, cluster, work, script, options=(), timeline=None, env=None):
        self.cluster, self.work = cluster, Path(work)
        self.timeline = timeline or Timeline()
        self.said = 0
        file = self.work.parent / f"{time.monotonic_ns()}.sbatch"
        file.write_text(script)
        environment = harness.environment(self.work, {
            **cluster.env, **(env or {}), harness.MARK: f"{harness.SESSION}.{next(harness._numbers)}"})
        environment["PATH"] = f"{harness.BIN}:{environment['PATH']}"
        # Each node has a memory file system of its own, which goes with it.
        for name in ("OMPI_MCA_btl_vader_backing_directory", "TMPDIR"):
            del environment[name]
        output = self.work.parent / "output"
        output.mkdir(exist_ok=True)
        done = subprocess.run(
            ["sbatch", "--parsable", f"--output={output}/%A_%a.out", *options, str(file)],
            cwd=work, env=environment, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        self.id = done.stdout.strip().partition(";")[0]
        self.output_file = output / f"{self.id}_4294967294.out"
        self.timeline.note(f"job {self.id} submitted")

    def output(self):
        try:
            return self.output_file.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def messages(self):
        return [line for line in self.output().splitlines() if line.startswith("chkpt: ")]

    def follow(self):
        """Puts what is new in the output on the timeline."""
        lines = [line for line in self.output().splitlines()
                 if line.startswith("chkpt: ") or "srun ended" in line]
        for line in lines[self.said:]:
            self.timeline.note(line)
        self.said = max(self.said, len(lines))

    def facts(self, id=None):
        text = self.cluster.tool("scontrol", "show", "job", "-o", id or self.id)
        return dict(re.findall(r"(\S+?)=(\S*)", text.splitlines()[0]))

    @property
    def state(self):
        return self.facts()["JobState"]

    @property
    def restarts(self):
        return int(self.facts()["Restarts"])

    @property
    def exit_code(self):
        return int(self.facts()["ExitCode"].partition(":")[0])

    def wait_for(self, condition, timeout_s=TIMEOUT_S):
        def holds():
            self.follow()
            return condition()
        until(holds, timeout_s, lambda: f"{self.timeline}\n{self.facts()}\n{self.output()}")

    def wait_for_message(self, text, count=1, timeout_s=TIMEOUT_S):
        self.wait_for(lambda: sum(text in line for line in self.messages()) >= count, timeout_s)

    def wait_for_snapshots(self, count=2, timeout_s=TIMEOUT_S):
        """Until that many snapshots have been committed since the job began."""
        self.wait_for_message(" committed: ", count, timeout_s)

    def task(self, number):
        """A task of this array as a job of its own."""
        task = copy.copy(self)
        task.id = f"{self.id}_{number}"
        task.output_file = self.output_file.with_name(f"{task.id}.out")
        return task

    def wait_for_restart(self, number=1, state="RUNNING", timeout_s=TIMEOUT_S):
        """Until the job runs for the `number`-th time again, with little of Slurm's own delay.

        Not with none: a report of the earlier start that is still on its way would end this one.
        """
        def pending():
            facts = self.facts()
            return int(facts["Restarts"]) >= number and facts["JobState"] not in ("COMPLETING",
                                                                                "REQUEUED")
        self.wait_for(pending, timeout_s)
        time.sleep(1)
        self.cluster.tool("scontrol", "update", f"JobId={self.id}", "StartTime=now", check=False)
        if state is not None:
            self.wait_for(lambda: self.state == state, timeout_s)
        self.timeline.note(f"job {self.id} runs again (restart {number})")

    def wait_for_end(self, state="COMPLETED", timeout_s=TIMEOUT_S):
        ended = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED")
        self.wait_for(lambda: self.state in ended, timeout_s)
        self.timeline.note(f"job {self.id} {self.state}")
        assert self.state == state, f"{self.timeline}\n{self.output()}"

    def steps(self):
        """The steps that run now, without the batch script's own."""
        steps = self.cluster.tool("squeue", "-h", "-s", "-o", "%i", "-j", self.id).split()
        return [step for step in steps if not step.endswith(".batch")]

    def nodes(self):
        return self.cluster.tool("scontrol", "show", "hostnames", self.facts()["NodeList"]).split()

    def batch_host(self):
        return self.facts()["BatchHost"]


def batch_script(*commands, options=""):
    """A batch script that goes on after a preemption's SIGTERM and asks to be started again at 75."""
    return "\n".join([
        "#!/bin/bash", "#SBATCH --requeue --open-mode=append --nodes=2 --ntasks-per-node=2",
        *[f"#SBATCH {line}" for line in options.splitlines()], "trap : TERM", *commands,
        "code=$?", 'echo "srun ended with $code"',
        '[[ $code -ne 75 ]] || scontrol requeue "$SLURM_JOB_ID"', "exit $code", ""])


def chkpt(steps, *options, pace=0.03, name=""):
    """The srun line for the paced program."""
    return " ".join(map(str, ["srun", "--mpi=pmix", "chkpt-mpi", *options, PROGRAM, steps, pace,
                              name])).rstrip()


def assert_went_on(job, work, files, restarts=1, timeout_s=TIMEOUT_S):
    """The job ends well, each start resumed, and all files are those of an unbroken run."""
    job.wait_for_end(timeout_s=timeout_s)
    assert job.restarts == (restarts if restarts is not None else max(job.restarts, 1))
    resumed = sum("resumed from epoch" in line for line in job.messages())
    assert resumed == job.restarts, job.output()
    if files is not None:
        harness.assert_same_files(files, harness.files(work))


_references = {}


def expected_files(steps, folder, name="paced"):
    """What an unbroken run under plain python3 leaves behind."""
    if (steps, name) not in _references:
        result = harness.reference(PROGRAM, RANKS, folder, [str(steps), "0", name])
        assert result.outcome.code == 0, result.outcome.stderr
        _references[steps, name] = result.files
        shutil.rmtree(Path(folder) / "reference")
    return _references[steps, name]
