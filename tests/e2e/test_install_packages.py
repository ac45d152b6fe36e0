# SPDX-License-Identifier: BSD-3-Clause
"""scripts/install-packages on machines that are made up: dpkg-query, sudo and apt-get are fakes.

What is missing is installed with sudo; who has no right to do so is told the command to ask for.
"""
import shutil
import subprocess

import pytest

import harness

SCRIPT = harness.ROOT / "scripts" / "install-packages"
TOOLS = ["awk", "bash", "dirname", "env", "grep"]
NOTHING_INSTALLED = "exit 1"
ALL_INSTALLED = "printf installed"


@pytest.fixture
def install(folder):
    """Runs the script where the given fakes, and nothing but them and TOOLS, are programs."""
    def call(*sections, user=1000, **fakes):
        programs = folder / "programs"
        shutil.rmtree(programs, ignore_errors=True)
        programs.mkdir()
        for tool in TOOLS:
            (programs / tool).symlink_to(shutil.which(tool))
        fakes = {"id": f'case $1 in -u) echo {user};; *) echo someone;; esac',
                 "apt_get": f'echo "apt-get $*" >>{folder}/calls', **fakes}
        for name, body in fakes.items():
            path = programs / name.replace("_", "-")
            path.write_text(f"#!{shutil.which('bash')}\n{body}\n")
            path.chmod(0o755)
        done = subprocess.run([SCRIPT, *sections], env={"PATH": str(programs)},
                              capture_output=True, text=True, timeout=60)
        calls = folder / "calls"
        made = calls.read_text().splitlines() if calls.exists() else []
        return done.returncode, done.stdout, done.stderr, made

    return call


def test_nothing_is_done_when_all_is_there(install):
    code, out, err, calls = install(dpkg_query=ALL_INSTALLED)
    assert (code, err, calls) == (0, "", [])
    assert "are installed" in out


@pytest.mark.parametrize("user, sudo", [(0, "exit 99"), (1000, '"$@"')])
def test_missing_packages_are_installed(user, sudo, install):
    code, out, err, calls = install(user=user, dpkg_query=NOTHING_INSTALLED, sudo=sudo)
    assert (code, err) == (0, "")
    assert calls[0].endswith(" update")
    assert " install -y " in calls[1] and calls[1].endswith(" shellcheck")
    assert " cmake g++ " in calls[1]


def test_sections_are_chosen(install):
    _, _, _, calls = install("build", "run", user=0, dpkg_query=NOTHING_INSTALLED)
    words = calls[1].split()
    assert {"cmake", "openmpi-bin", "python3-mpi4py"} <= set(words)
    assert not {"slurmd", "python3-pytest", "clang-tidy", "#"} & set(words)
    code, _, err, _ = install("builds", user=0, dpkg_query=NOTHING_INSTALLED)
    assert code == 2 and "no section 'builds'" in err


@pytest.mark.parametrize("fakes, reason", [
    ({}, "there is no sudo"),
    ({"sudo": "exit 1"}, "someone has no right to install packages"),
    ({"sudo": '"$@"', "apt_get": "exit 100"}, "the package lists could not be fetched"),
    ({"sudo": '"$@"', "apt_get": '[[ $* == *update ]]'}, "apt-get failed"),
])
def test_what_cannot_be_installed_is_said(fakes, reason, install):
    code, _, err, _ = install("run", dpkg_query=NOTHING_INSTALLED, **fakes)
    assert code == 1
    assert reason in err
    assert "apt-get install --no-install-recommends openmpi-bin openssh-client procps" in err


def test_other_systems_build_with_what_they_have(install):
    code, out, _, calls = install()
    assert (code, calls) == (0, [])
    assert "no Debian" in out


def test_without_sections_every_line_of_the_list_is_meant(install):
    lines = (SCRIPT.parent / "packages.txt").read_text().splitlines()
    listed = [line for line in lines if not line.startswith("#")]
    _, _, _, calls = install(user=0, dpkg_query=NOTHING_INSTALLED)
    assert calls[1].split()[-len(listed) - 1:] == ["--no-install-recommends", *listed]
    assert len(set(listed)) == len(listed)
