# SPDX-License-Identifier: BSD-3-Clause
"""Damaged checkpoints and a full disk: nothing wrong is resumed, nothing is restarted silently."""
import os
import random
import shutil
import subprocess

import pytest

import harness
from harness import CHKPT_INSPECT, CHKPT_MPI, Job, writable

SCRIPTS = harness.ROOT / "tests" / "e2e" / "scripts"
PROGRAMS = {1: [SCRIPTS / "counting.py", "15000"], 2: [SCRIPTS / "swapping.py", "4000"]}
MORE_MEMORY_THAN_DISK_KIB = 8192


@pytest.fixture
def rng(request):
    return random.Random(request.config.getoption("--seed"))


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Files of the unbroken run of PROGRAMS[ranks]."""
    known = {}

    def get(ranks):
        if ranks not in known:
            script, *arguments = PROGRAMS[ranks]
            known[ranks] = harness.reference(script, ranks, tmp_path_factory.mktemp(f"r{ranks}"),
                                             arguments).files
        return known[ranks]

    return get


def without_haste(command):
    """The same, with few snapshots: to see how a run ends."""
    return [*command[:2], "1000", *command[3:]]


def rank_file(snapshot, rng):
    return rng.choice(sorted(snapshot.rglob("rank-*.h5")))


def flip_a_byte(snapshot, rng):
    path = rank_file(snapshot, rng)
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    with writable(path):
        path.write_bytes(data)


def cut_short(snapshot, rng):
    path = rank_file(snapshot, rng)
    with writable(path):
        os.truncate(path, rng.randrange(path.stat().st_size))


def remove_a_file(snapshot, rng):
    rank_file(snapshot, rng).unlink()


def edit_the_manifest(snapshot, rng):
    path = snapshot / "MANIFEST"
    text = path.read_text()
    with writable(path):
        path.write_text(text.replace("\nnranks ", "\nnranks 1", 1))


def swap_in_an_older_file(snapshot, rng):
    path = rank_file(snapshot, rng)
    older = harness.snapshots(snapshot.parents[2])[0] / path.relative_to(snapshot)
    with writable(path):
        shutil.copyfile(older, path)


DAMAGES = [flip_a_byte, cut_short, remove_a_file, edit_the_manifest, swap_in_an_older_file]


@pytest.mark.parametrize("ranks", PROGRAMS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_newest_snapshot_is_passed_over(damage, ranks, work, rng, expected):
    command = [CHKPT_MPI, "-f", "30", *PROGRAMS[ranks]]
    harness.run_until_snapshots(command, work, ranks)
    *_, older, newest = harness.snapshots(work)
    epoch = {folder: int(folder.name.split("-")[1]) for folder in (older, newest)}
    damage(newest, rng)
    outcome = harness.run(without_haste(command), work, ranks)
    assert outcome.code == 0, outcome.stderr
    lost = [line for line in outcome.messages if "passed over" in line]
    assert len(lost) == 1 and f"snapshot {epoch[newest]} " in lost[0], outcome.stderr
    assert any(f"resumed from epoch {epoch[older]} " in line for line in outcome.messages)
    harness.assert_same_files(expected(ranks), harness.files(work))


@pytest.mark.parametrize("ranks", PROGRAMS)
def test_nothing_usable_is_said_and_started_afresh(ranks, work, rng, expected):
    command = [CHKPT_MPI, "-f", "30", *PROGRAMS[ranks]]
    harness.run_until_snapshots(command, work, ranks)
    for snapshot in harness.snapshots(work):
        rng.choice([flip_a_byte, cut_short, remove_a_file])(snapshot, rng)

    for quiet in ([], ["-q"]):
        must = harness.run([CHKPT_MPI, "--resume=must", *quiet, *command[1:]], work, ranks)
        assert must.code == 74, must.stderr
        assert sum("cannot resume" in line for line in must.messages) == 1, must.stderr
    assert not list(work.glob("result*"))

    for path in work.glob("progress.log"):
        path.unlink()
    afresh = harness.run(without_haste(command), work, ranks)
    assert afresh.code == 0, afresh.stderr
    assert sum("starting from the beginning" in line for line in afresh.messages) == 1
    assert not any("resumed from" in line for line in afresh.messages)
    harness.assert_same_files(expected(ranks), harness.files(work))


def growing_reference(folder):
    return harness.reference(SCRIPTS / "growing.py", 1, folder)


def check_all(work):
    for snapshot in harness.snapshots(work):
        outcome = harness.run([CHKPT_INSPECT, "check", snapshot], work)
        assert outcome.code == 0, outcome.stdout.decode() + outcome.stderr


def test_notes_of_file_changes_that_cannot_be_read(work, rng, expected):
    command = [CHKPT_MPI, "-f", "50", *PROGRAMS[1]]
    harness.run_until_snapshots(command, work, 1)
    [notes] = work.glob("checkpoints/*/files/journal-0")
    notes.unlink()
    rng.choice([notes.mkdir, lambda: notes.symlink_to(work), lambda: os.mkfifo(notes)])()
    refused = harness.run(command, work, 1)
    assert refused.code == 74 and "cannot take back what the run did to files" in refused.stderr
    resumed = harness.run([*command[:1], "--files", "keep", *command[1:]], work, 1)
    assert resumed.code == 0 and any("resumed" in line for line in resumed.messages)


def test_file_size_limit_during_a_snapshot(work, folder):
    """The write fails half way; the script ends with its own code, old snapshots stay whole."""
    expected = growing_reference(folder)
    limited = ["bash", "-c", f'ulimit -f {MORE_MEMORY_THAN_DISK_KIB}; exec "$@"', "limited",
               CHKPT_MPI, "-f", "30", SCRIPTS / "growing.py"]
    outcome = harness.run(limited, work)
    assert outcome.code == expected.outcome.code == 7, outcome.stderr
    assert any("skipped" in line for line in outcome.messages), outcome.stderr
    harness.assert_same_files(expected.files, harness.files(work))
    assert harness.snapshots(work)
    check_all(work)


def test_kill_after_failed_snapshots_resumes_from_the_last_good_one(work, folder):
    expected = growing_reference(folder)
    limited = ["bash", "-c", f'ulimit -f {MORE_MEMORY_THAN_DISK_KIB}; exec "$@"', "limited",
               CHKPT_MPI, "-f", "30", SCRIPTS / "growing.py"]
    with Job(limited, work) as job:
        assert job.wait_until(lambda: "skipped" in job.stderr()), job.stderr()
    last_good = harness.newest_epoch(work)
    assert last_good > 0
    outcome = harness.run(limited[-4:], work)
    assert outcome.code == 7, outcome.stderr
    assert any(f"resumed from epoch {last_good} " in line for line in outcome.messages)
    harness.assert_same_files(expected.files, harness.files(work))


def can_mount_privately():
    return subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "true"], check=False,
                          capture_output=True).returncode == 0


def test_disk_full_during_a_snapshot(work, folder):
    """A tmpfs of 8 MiB, mounted where only this command sees it."""
    if not can_mount_privately():
        pytest.skip("no private mounts here: unshare --user --mount is refused")
    expected = growing_reference(folder)
    (work / "checkpoints").mkdir(mode=0o700)
    kept = folder / "kept"
    kept.mkdir()
    shell = ('mount -t tmpfs -o size=8m,mode=700 none checkpoints && '
             '"$@"; code=$?; cp -a checkpoints "$KEPT"; exit $code')
    outcome = harness.run(
        ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", shell, "full",
         CHKPT_MPI, "-f", "30", SCRIPTS / "growing.py"], work, env={"KEPT": str(kept / "checkpoints")})
    assert outcome.code == 7, outcome.stderr
    skipped = [line for line in outcome.messages if "skipped" in line]
    assert skipped and any("is full" in line for line in skipped), outcome.stderr
    harness.assert_same_files(expected.files, harness.files(work))
    assert harness.snapshots(kept)
    check_all(kept)


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_script_that_allows_itself_no_open_files_goes_on(ranks, work):
    """For some intervals; what the threads of the cut wait on stays open, and they are not woken in vain."""
    outcome = harness.run([CHKPT_MPI, "-f", "100", SCRIPTS / "no_open_files.py"], work, ranks)
    assert (outcome.code, outcome.stdout) == (0, b" ".join([b"(False, False)"] * ranks) + b"\n"), outcome.stderr
    assert any("skipped" in line and "Too many open files" in line for line in outcome.messages), outcome.stderr
    assert harness.snapshots(work)


def test_an_older_start_that_still_runs_ends(work, folder):
    script = SCRIPTS / "counting.py"
    command = [CHKPT_MPI, "-f", "100", script, "20000"]
    expected = harness.reference(script, 1, folder, ["20000"])
    with Job(command, work) as old:
        assert old.wait_until(lambda: harness.snapshots(work))
        with Job(command, work) as new:
            taken_over = old.wait(60)
            finished = new.wait()
    assert taken_over.code == 76, taken_over.stderr
    assert "taken over by pid" in taken_over.messages[-1]
    assert finished.code == 0, finished.stderr
    assert any("resumed from" in line for line in finished.messages)
    # Both wrote to the log; the result is of the one that went on.
    assert (work / "result.txt").read_bytes() == expected.files["result.txt"]
