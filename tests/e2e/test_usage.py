# SPDX-License-Identifier: BSD-3-Clause
"""Wrong usage: one clear line, exit code 2, nothing run and nothing left behind."""
import os
import subprocess

import pytest

import harness
from harness import CHKPT_MPI


@pytest.fixture
def call(work):
    (work.parent / "tmp").mkdir()
    (work / "script.py").write_text("print('ran', __import__('sys').argv)\n")

    def run(*words, stdin="", **variables):
        done = subprocess.run([CHKPT_MPI, *words], cwd=work, text=True, timeout=60,
                              capture_output=True, input=stdin,
                              env=harness.environment(work.parent / "tmp", variables))
        return done.returncode, done.stdout, done.stderr

    return run


def assert_refused(result, *texts):
    code, out, err = result
    assert (code, out) == (2, "")
    assert err.startswith("chkpt: ") and err.count("\n") == 1
    for text in texts:
        assert text in err


def test_no_script(call):
    assert_refused(call(), "no script given", "--help")
    assert_refused(call("-v", "--keep", "3"), "no script given")
    assert_refused(call("-v", "--"), "no script given")


def test_script_that_cannot_be_read(call, work):
    assert_refused(call("absent.py"), "cannot read absent.py: No such file")
    (work / "empty").mkdir()
    assert_refused(call("empty"), "empty is a directory without a readable __main__.py")
    (work / "loop.py").symlink_to("loop.py")
    assert_refused(call("loop.py"), "cannot read loop.py: Too many levels")
    if os.geteuid() != 0:
        (work / "secret.py").touch(0o000)
        assert_refused(call("secret.py"), "cannot read secret.py: Permission denied")


@pytest.mark.parametrize("words,text", [
    (["--kep", "3"], "unrecognised option '--kep'"),
    (["--kee", "3"], "unrecognised option '--kee'"),
    (["-y"], "unrecognised option '-y'"),
    (["-i"], "unrecognised option '-i'"),
    (["--keep"], "--keep"),
    (["--keep", "none"], "option --keep (command line): 'none' is not a whole number"),
    (["--keep=0"], "'0' is not a whole number of at least 1"),
    (["-f", "often"], "option --frequency (command line): 'often'"),
    (["-f", "-2"], "'-2'"),
    (["--interval", "10 apples"], "10 apples"),
    (["--interval", "auto"], "auto"),
    (["-f", "100", "--interval", "1s"], "give one"),
    (["-z", "big"], "option --min-obj-size (command line)"),
    (["--mode", "both"], "'both' is neither continue nor tracked"),
    (["--resume", "maybe"], "'maybe' is neither auto, never, must nor"),
    (["--signal", "SEGV"], "SIGSEGV cannot ask for a snapshot"),
    (["--signal", "USR3"], "'USR3' is not a signal"),
    (["--run-id", "../up"], "'../up'"),
    (["--cut-timeout", "0"], "too short"),
    (["--deadline-margin", "soon"], "'soon'"),
    (["--config", "absent.conf"], "cannot read absent.conf: No such file"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_wrong_option(call, words, text):
    target = [] if words == ["--keep"] else ["script.py"]
    assert_refused(call(*words, *target), text)


def test_wrong_variable_and_wrong_file_name_their_place(call, work):
    assert_refused(call("script.py", CHKPT_KEEP="many"), "(environment CHKPT_KEEP): 'many'")
    (work / "chkpt.conf").write_text("# ours\nkeep = 2\nspeed = 3\n")
    assert_refused(call("script.py"), "./chkpt.conf:3: unknown option 'speed'")
    (work / "chkpt.conf").write_text("mode = sideways\n")
    assert_refused(call("script.py"), "option --mode (./chkpt.conf:1): 'sideways'")
    assert call("--mode", "continue", "--show-config")[0] == 0, "a higher layer hides the mistake"


def test_help_version_and_config_go_to_standard_output(call):
    code, out, err = call("--help")
    assert (code, err) == (0, "") and out.startswith("usage: chkpt-mpi")
    code, out, err = call("--version")
    assert (code, err) == (0, "") and out.startswith("chkpt-mpi ")
    code, out, err = call("-f", "250", "--show-config", CHKPT_KEEP="4")
    assert (code, err) == (0, "")
    shown = {line.split("=")[0].strip(): line for line in out.splitlines()}
    assert shown["frequency"].split() == ["frequency", "=", "250", "#", "command", "line"]
    assert shown["keep"].split() == ["keep", "=", "4", "#", "environment", "CHKPT_KEEP"]
    assert shown["mode"].split() == ["mode", "=", "continue", "#", "default"]


def test_answers_that_cannot_be_written_are_errors(work):
    (work.parent / "tmp").mkdir()
    with open("/dev/full", "w") as full:
        assert subprocess.run([CHKPT_MPI, "--help"], stdout=full).returncode == 1


def test_options_of_the_script_are_not_looked_at(call):
    code, out, _ = call("-q", "-f", "-1", "--resume", "never", "script.py", "--keep", "x", "-i")
    assert (code, out) == (0, "ran ['script.py', '--keep', 'x', '-i']\n")


def test_help_names_what_the_manual_names():
    page = harness.ROOT / "apps" / "chkpt_mpi" / "chkpt-mpi.1"
    manual = page.read_text().replace("\\-", "-")
    completion = (page.parent / "chkpt-mpi.bash").read_text()
    helped = subprocess.run([CHKPT_MPI, "--help"], capture_output=True, text=True).stdout
    options = [word.rstrip(",") for line in helped.splitlines() if line.startswith("  ")
               for word in line.split() if word.startswith("--") and line.lstrip().startswith("-")
               and line.index(word) < 10]
    assert len(options) > 10
    for option in options:
        assert option in manual, f"{option} is not in the man page"
        assert option in completion, f"{option} is not in the completion"


@pytest.mark.parametrize("directory", ["/proc/chkpt", "script.py", "script.py/run"])
def test_a_directory_that_cannot_be_made(directory, call):
    assert_refused(call("-o", directory, "script.py"), directory)
