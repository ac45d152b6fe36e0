# SPDX-License-Identifier: BSD-3-Clause
"""Kill anywhere, resume, compare with the unbroken run, bit by bit.

A third of the scripts of tests/corpus, others each time, are killed once, at one of their rank counts; with --kills N, N SIGKILLs are spread over the scripts and their rank counts; with
--kills-of-each N, each is killed N times at each of its rank counts, again and again in the same
run. Every killed run must have resumed, so a run that quietly starts from the beginning fails too.
"""
import concurrent.futures
import hashlib
import random
import subprocess

import pytest

import harness
import killed_runs
from harness import CHKPT_MPI, PYTHON

MAX_KILLS_PER_TRIAL = 3


def trials(kills, seed):
    """(script, ranks, kills, seed) of each test; every script gets its turn before one comes again.

    kills None: a third as many as there are scripts.
    """
    rng = random.Random(seed)
    some_twice = kills is not None and kills > 40
    if kills is None:
        kills = (len({script for script, _ in harness.corpus()}) + 2) // 3
    chosen = []
    pool = []
    while kills > 0:
        if not pool:
            by_script = {}
            for script, ranks in harness.corpus():
                by_script.setdefault(script, []).append(ranks)
            for counts in by_script.values():
                # More than two ranks are drawn less often: on few cores they take long.
                counts.sort(key=lambda ranks: rng.random() ** max(ranks, 2), reverse=True)
            rounds = max(map(len, by_script.values()))
            for turn in reversed(range(rounds)):
                scripts = [s for s, counts in by_script.items() if turn < len(counts)]
                rng.shuffle(scripts)
                pool += [(s, by_script[s][turn]) for s in scripts]
        script, ranks = pool.pop()
        count = min(kills, rng.choice([1, 1, 1, 2, MAX_KILLS_PER_TRIAL]) if some_twice else 1)
        kills -= count
        chosen.append((script, ranks, count, rng.randrange(10**9)))
    return chosen


def trials_of_each(kills, seed):
    """The same for every script at every one of its rank counts."""
    rng = random.Random(seed)
    return [(script, ranks, kills, rng.randrange(10**9)) for script, ranks in harness.corpus()]


def pytest_generate_tests(metafunc):
    if "trial" in metafunc.fixturenames:
        option = metafunc.config.getoption
        chosen = (trials_of_each(option("--kills-of-each"), option("--seed"))
                  if option("--kills-of-each") else trials(option("--kills"), option("--seed")))
        params = [pytest.param(trial, id=f"{trial[0].stem}-{trial[1]}ranks-{trial[2]}kills-{number}")
                  for number, trial in enumerate(chosen)]
        params += [pytest.param(None, id=script.stem, marks=pytest.mark.skip(reason=reason))
                   for script, reason in harness.left_out()]
        metafunc.parametrize("trial", params)


@pytest.fixture(scope="session")
def references(tmp_path_factory):
    """The unbroken run of (script, ranks), as a future; made once, beside the runs that are killed."""
    known = {}
    with concurrent.futures.ThreadPoolExecutor(1) as background:

        def get(script, ranks):
            if (script, ranks) not in known:
                known[script, ranks] = background.submit(
                    harness.reference, script, ranks,
                    tmp_path_factory.mktemp(f"{script.stem}-{ranks}"))
            return known[script, ranks]

        yield get


def test_resumes_where_it_was(trial, references, folder, request):
    script, ranks, kills, seed = trial
    reference = references(script, ranks)
    if request.config.getoption("--kills-of-each"):
        expected = reference.result()
        runs = killed_runs.killed_often(script, ranks, kills, expected.seconds, seed, folder)
        done = sum(len(incarnations) - 1 for incarnations, _ in runs)
        print(f"{script.stem}, {ranks} ranks: killed {done} times in {len(runs)} runs")
    else:
        if ranks > 1:
            reference.result()  # would take the cores from the ranks
        try:
            runs = [killed_runs.killed_at_last(script, ranks, kills, seed, folder)]
        finally:
            expected = reference.result()
    for incarnations, work in runs:
        killed_runs.assert_as_unbroken(incarnations, work, expected, ranks)


def test_a_rank_that_had_ended_ends_again(work):
    command = [CHKPT_MPI, "-f", "-1", harness.ROOT / "tests/e2e/scripts/ending_early.py"]
    harness.run(command, work, ranks=2)
    assert harness.newest_epoch(work) >= 0
    resumed = harness.run(command, work, ranks=2)
    assert resumed.code == 0, harness.tail(resumed.stderr)
    assert any("resumed from" in line for line in resumed.messages), resumed.stderr
    assert resumed.stdout == b"end of rank 0\n"


def test_descriptors_of_os_open_go_on(work):
    command = [CHKPT_MPI, harness.ROOT / "tests/e2e/scripts/raw_descriptor.py"]
    harness.run(command, work)
    harness.run(command, work)
    assert (work / "raw.txt").read_bytes() == b"before\nafter\n"


def test_a_file_written_in_place_is_put_back_at_every_resume(work):
    script = work / "in_place.py"
    script.write_text("import os, signal, chkpt\n"
                      "file = open('count', 'w+')\n"
                      "file.write('0')\n"
                      "file.flush()\n"
                      "chkpt.snapshot()\n"
                      "for _ in range(5):\n"
                      "    file.seek(0)\n"
                      "    number = int(file.read())\n"
                      "    file.seek(0)\n"
                      "    file.write(str(number + 1))\n"
                      "    file.flush()\n"
                      "if os.path.exists('../go on'): print(number + 1)\n"
                      "else: os.kill(os.getpid(), signal.SIGKILL)\n")
    command = [CHKPT_MPI, "-f", "-1", script]
    for _ in range(3):  # none of them takes another snapshot
        assert harness.run(command, work).code == -9
        assert (work / "count").read_text() == "5"
    (work.parent / "go on").touch()
    assert harness.run(command, work).stdout == b"5\n"


def test_no_snapshot_is_resumed_that_the_files_no_longer_fit(work):
    script = work / "older.py"
    script.write_text("import os, signal, chkpt\n"
                      "def die():\n"
                      "    if not os.path.exists('../go on'): os.kill(os.getpid(), signal.SIGKILL)\n"
                      "for i in range(4):\n"
                      "    with open('count', 'w') as file: file.write(str(i))\n"
                      "    if chkpt.snapshot(): die()\n"
                      "    print(i, open('count').read())\n"
                      "    if i == 2: die()\n")
    command = [CHKPT_MPI, "-f", "-1", "--keep", "3"]
    assert harness.run([*command, script], work).code == -9
    killed = harness.run([*command, "--resume", "2", script], work)
    assert killed.code == -9 and any("snapshot 3 is not resumed any more" in m for m in killed.messages)
    (work.parent / "go on").touch()
    assert harness.run([*command, script], work).stdout == b"1 1\n2 2\n3 3\n"


def test_kept_hashes_of_addresses_go_on(work):
    script = work / "keys.py"
    script.write_text((harness.ROOT / "tests/unit/python/heap/cases/kept_hashes.py").read_text() +
                      "import os, chkpt\n"
                      "for number in range(2):\n"  # hashes that were given back are saved again
                      "    if not chkpt.snapshot(): os.kill(os.getpid(), 9)\n"
                      "    check()\n"
                      "    things.append(Plain()), kept.append(hash(things[-1]))\n"
                      "    keys[Key(things[-1], len(kept) - 1)] = len(kept) - 1\n"
                      "check(), print('all found')\n")
    command = [CHKPT_MPI, "-f", "-1", "--verify-snapshots", script]
    for _ in range(2): assert harness.run(command, work).code == -9
    resumed = harness.run(command, work)
    assert any("resumed from epoch 2" in line for line in resumed.messages), resumed.stderr
    assert resumed.stdout == b"all found\n", resumed.stderr


WRITTEN_IN_PLACE = """
import mmap, os, shutil, signal, chkpt
def hold(way, mode):
    files[way] = open(way, mode, buffering=0)
    files[way].write(b'000-')
    return files[way]
files = {}
hold('stepping back', 'wb')
hold('from the middle', 'wb').seek(1)
hold('placed writes', 'wb')
hold('cut', 'wb')
hold('given another name', 'wb')
hold('copied over', 'wb')
hold('opened again', 'ab')
hold('through a copy of the number', 'wb')
hold('numbers', 'wb')
hold('mapped', 'w+b')
view = mmap.mmap(files['mapped'].fileno(), 4)
with open('mapped alone', 'w+b') as file:
    file.write(b'000-')
    file.flush()
    alone = mmap.mmap(file.fileno(), 4)
for name in os.listdir('/proc/self/fd'):  # as with trackfd=False
    if os.path.realpath('/proc/self/fd/' + name) == os.path.realpath('mapped alone'): os.close(int(name))
number = os.open('numbers', os.O_WRONLY)
chkpt.snapshot()
for i in range(1, 4):
    counts = {}
    for way in list(files):
        with open(way, 'rb') as source: counts[way] = int(source.read(3)) + 1
    text = {way: b'%03d' % count for way, count in counts.items()}
    files['stepping back'].seek(0)
    files['stepping back'].write(text['stepping back'])
    # What is left of the first three: 1, then 2, 3.
    files['from the middle'].write(text['from the middle'][-1:] if i < 3 else b'')
    os.pwrite(files['placed writes'].fileno(), text['placed writes'], 0)
    files['cut'].truncate(0)
    files['cut'].seek(0)
    files['cut'].write(text['cut'])
    os.rename('given another name', 'another name')
    os.pwrite(files['given another name'].fileno(), text['given another name'], 0)
    os.rename('another name', 'given another name')
    with open('source', 'wb') as source: source.write(text['copied over'])
    shutil.copyfile('source', 'copied over')
    with open('opened again', 'r+b') as again: again.write(text['opened again'])
    copy = os.dup(files['through a copy of the number'].fileno())
    os.lseek(copy, 0, os.SEEK_SET)
    os.write(copy, text['through a copy of the number'])
    os.close(copy)
    os.lseek(number, 0, os.SEEK_SET)
    os.write(number, text['numbers'])
    view[:3] = text['mapped']
    with open('mapped alone', 'rb') as source: counts['mapped alone'] = int(source.read(3)) + 1
    alone[:3] = b'%03d' % counts['mapped alone']
view.flush()
alone.flush()
if os.path.exists('../go on'): print(counts)
else: os.kill(os.getpid(), signal.SIGKILL)
"""


def test_files_open_for_writing_only_are_put_back_at_every_resume(folder, work):
    script = work / "in_place.py"
    script.write_text(WRITTEN_IN_PLACE)
    plain_work = folder / "go on"
    plain_work.mkdir()
    plain = subprocess.run([PYTHON, "-c", WRITTEN_IN_PLACE.replace(", chkpt", "").replace("chkpt.snapshot()", "")],
                           cwd=plain_work, capture_output=True, timeout=60)
    plain_work.rename(folder / "plain")
    command = [CHKPT_MPI, "-f", "-1", script]
    for _ in range(3):  # none of them takes another snapshot
        assert harness.run(command, work).code == -9
    (work.parent / "go on").touch()
    assert harness.run(command, work).stdout == plain.stdout


def test_the_thread_that_watches_progress_bars_is_started_again(work):
    if subprocess.run([PYTHON, "-c", "import tqdm"], capture_output=True).returncode:
        pytest.skip(f"{PYTHON} has no tqdm")
    script = work / "bars.py"
    script.write_text("import os, signal, threading, time, chkpt\n"
                      "from tqdm import tqdm\n"
                      "for i in tqdm(range(4), file=open(os.devnull, 'w')):\n"
                      "    monitor = tqdm.monitor\n"
                      "    while not monitor.was_killed._cond._waiters: time.sleep(0.001)\n"
                      "    time.sleep(0.1)\n"  # until it sleeps in C
                      "    if i == 2 and not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)\n"
                      "print(monitor.is_alive(), threading.enumerate()[1] is monitor,\n"
                      "      len(monitor.was_killed._cond._waiters), monitor.exit())\n")
    command = [CHKPT_MPI, "--verify-snapshots", "-f", "-1", script]
    assert harness.run(command, work).code == -9
    resumed = harness.run(command, work)
    assert (resumed.code, resumed.stdout) == (0, b"True True 1 False\n"), resumed.stderr


def test_descriptors_without_a_name_are_refused(work):
    script = "import os, chkpt; ends = os.pipe(); print(chkpt.snapshot())"
    outcome = harness.run([CHKPT_MPI, "-c", script], work)
    assert outcome.stdout == b"False\n"
    assert any("which the script holds as a number: pipe" in line for line in outcome.messages), outcome.stderr


TABLES = {
    "dict": "{Key(): 1, Key(): 2}",
    "set": "{Key(), Key()}",
    "dict of a class": "type('Mine', (dict,), {})([(Key(), 1), (Key(), 2)])",
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_keys_that_compare_in_another_way_are_not_lost(work, table):
    script = work / "keys.py"
    script.write_text("import os, signal, chkpt\n"
                      "class Key:\n"
                      "    same = False\n"
                      "    def __hash__(self): return os.getpid()\n"
                      "    def __eq__(self, other): return Key.same\n"
                      f"table = {table}\n"
                      "Key.same = True\n"
                      "if not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)\n"
                      "print(len(table))\n")
    harness.run([CHKPT_MPI, script], work)
    resumed = harness.run([CHKPT_MPI, script], work)
    assert (resumed.code, resumed.stdout) == (0, b"2\n"), resumed.stderr
    assert any("resumed from" in line for line in resumed.messages), resumed.stderr


def test_hashes_are_saved_whatever_blocks_the_allocator_gives(work):
    script = work / "blocks.py"
    script.write_text("import ctypes, hashlib, os, random, chkpt\n"
                      "c, rng = ctypes.CDLL(None), random.Random(6)\n"
                      "c.malloc.restype, c.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]\n"
                      "kinds = 'sha1', 'sha224', 'sha384', 'md5', 'sha512', 'sha3_256'\n"
                      "hashes = [hashlib.new(kind, b'begun') for kind in kinds]\n"
                      "for _ in range(30):\n"
                      "    blocks = [str(c.malloc(rng.randrange(60, 460))) for _ in range(4000)]\n"  # as numbers they are refused
                      "    rng.shuffle(blocks)\n"
                      "    for block in blocks[::2]: c.free(int(block))\n"
                      "    if chkpt.snapshot(): break\n"
                      "    for block in blocks[1::2]: c.free(int(block))\n"
                      "else: os.kill(os.getpid(), 9)\n"
                      "for one in hashes: one.update(b' and ended')\n"
                      "print([one.hexdigest() for one in hashes])\n")
    command = [CHKPT_MPI, "-f", "-1", script]
    killed = harness.run(command, work)
    assert killed.code == -9 and not any("skipped" in line for line in killed.messages), killed.stderr
    kinds = "sha1", "sha224", "sha384", "md5", "sha512", "sha3_256"
    expected = [hashlib.new(kind, b"begun and ended").hexdigest() for kind in kinds]
    assert harness.run(command, work).stdout == f"{expected}\n".encode()


def test_named_memory_is_left_to_the_script(work):
    """No process that removes it by itself may hear of it while a snapshot is loaded."""
    script = work / "named.py"
    script.write_text("import os, signal, chkpt\n"
                      "from multiprocessing import resource_tracker as tracker\n"
                      "from multiprocessing.shared_memory import ShareableList, SharedMemory\n"
                      "tracker.register = tracker.unregister = lambda *_: None\n"
                      "memory = SharedMemory(f'chkpt-{os.getpid()}', create=True, size=64)\n"
                      "window, number = memory.buf[2:5], memory._fd\n"
                      "listed = ShareableList([1, 'two'])\n"
                      "for i in range(2):\n"
                      "    memory.buf[3] += 1\n"
                      "    if not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)\n"
                      "print(window[1], memory._fd == number, tracker._resource_tracker._pid)\n"
                      "window.release()\n"
                      "print(*listed)\n"
                      "listed.shm.close()\n"
                      "listed.shm.unlink()\n"
                      "memory.close()\n"
                      "memory.unlink()\n")
    command = [CHKPT_MPI, "-f", "-1", "--verify-snapshots", script]
    for _ in range(2):
        assert harness.run(command, work).code == -9
    last = harness.run(command, work)
    assert (last.code, last.stdout) == (0, b"2 True None\n1 two\n"), last.stderr
