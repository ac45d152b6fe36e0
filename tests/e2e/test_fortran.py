# SPDX-License-Identifier: BSD-3-Clause
"""What Fortran code under f2py's modules keeps between two calls goes on after a resume."""
import shutil
import subprocess
import sysconfig

import pytest

import harness
from harness import CHKPT_MPI, PYTHON

SOURCE = harness.ROOT / "tests" / "e2e" / "scripts" / "lattice_gas.f90"

SCRIPT = """
import os
from lattice_gas import draw, gas, repeatable, throw
walls, step = gas.walls, gas.step
repeatable()
gas.start(4)
gas.cells = [1, 2, 3]
density = gas.density
inner = density[1:, 1:]
for i in range(6):
    step()
    walls[0, 0] += 1
    inner += 1
    print(i, draw(), throw(), gas.time, gas.count, gas.warm, walls.tolist(), gas.density.tolist(),
          gas.cells.tolist(), density.sum(), inner.sum(), gas.walls is walls, gas.step is step)
    gas.count = i
"""


def run_python(code, *arguments, cwd):
    return subprocess.run([PYTHON, "-c", code, *map(str, arguments)], cwd=cwd, capture_output=True,
                          text=True, timeout=120)


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """A folder with the module lattice_gas, compiled for the Python under test."""
    folder = tmp_path_factory.mktemp("fortran")
    compiler = shutil.which("gfortran") or shutil.which("gfortran-12")
    found = run_python("import numpy.f2py, sysconfig as s; print(numpy.get_include());"
                       "print(numpy.f2py.get_include()); print(s.get_path('include'))", cwd=folder)
    if not compiler or found.returncode:
        pytest.skip("no gfortran, or no numpy.f2py")
    includes = found.stdout.split()
    made = run_python("import sys, numpy.f2py as f; f.run_main(sys.argv[1:])",
                      SOURCE, "-m", "lattice_gas", cwd=folder)
    assert made.returncode == 0, made.stderr
    wrappers = [f"{includes[1]}/fortranobject.c", "lattice_gasmodule.c"]
    for command in ([compiler, "-fPIC", "-c", SOURCE, *sorted(folder.glob("*.f*"))],
                    ["cc", "-w", "-fPIC", "-c", *(f"-I{path}" for path in includes), *wrappers]):
        subprocess.run(command, cwd=folder, check=True, timeout=120)
    library = folder / f"lattice_gas{sysconfig.get_config_var('EXT_SUFFIX')}"
    subprocess.run([compiler, "-shared", "-o", library, *folder.glob("*.o")], check=True, timeout=120)
    return folder


def killed_after(script, work, env, snapshots):
    """Gives the command once for each snapshot, and once more; the script kills itself after each."""
    command = [CHKPT_MPI, "-f", "-1", "--verify-snapshots", script]
    outcomes = [harness.run(command, work, env=env) for _ in range(snapshots + 1)]
    assert [o.code for o in outcomes] == [-9] * snapshots + [0], outcomes[-1].stderr
    assert not any("not saved" in o.stderr for o in outcomes), outcomes[0].stderr
    return outcomes


def test_goes_on(modules, work):
    env = {"PYTHONPATH": str(modules)}
    plain, script = work / "plain.py", work / "killed.py"
    plain.write_text(SCRIPT)
    expected = harness.run([PYTHON, plain], work, env=env)
    assert expected.code == 0, expected.stderr
    script.write_text("import chkpt\n" + SCRIPT.replace(
        "    gas.count = i\n",
        "    gas.count = i\n    if i in (1, 3) and not chkpt.snapshot(): os.kill(os.getpid(), 9)\n"))
    outcomes = killed_after(script, work, env, 2)
    harness.assert_continues([o.stdout for o in outcomes], expected.stdout)


def test_output_in_buffers_of_fortran_is_not_lost(modules, work):
    script = work / "tell.py"
    script.write_text("import os, chkpt\nfrom lattice_gas import tell\n"
                      "for i in range(4):\n"
                      "    tell(i)\n"
                      "    if i == 2 and not chkpt.snapshot(): os.kill(os.getpid(), 9)\n")
    outcomes = killed_after(script, work, {"PYTHONPATH": str(modules)}, 1)
    assert [o.stdout for o in outcomes] == [b"told 0\ntold 1\ntold 2\n", b"told 3\n"]


def test_what_f2py_leaves_of_its_loops_is_no_state(modules, work):
    script = ("import chkpt, lattice_gas\n"
              "print(lattice_gas.total(), chkpt.snapshot())")
    outcome = harness.run([CHKPT_MPI, "-c", script], work, env={"PYTHONPATH": str(modules)})
    assert (outcome.code, outcome.stdout) == (0, b"10.0 False\n"), outcome.stderr
    assert len(harness.snapshots(work)) == 1, outcome.stderr


REFUSED = {
    "memory": ("lattice_gas.gas.hide()", "did not have when it was loaded"),
    "file": ("lattice_gas.keep_log()", "a file that Fortran code has opened: "),
}


@pytest.mark.parametrize("call, text", REFUSED.values(), ids=REFUSED)
def test_what_fortran_has_behind_no_name_is_refused(call, text, modules, work):
    script = f"import chkpt, lattice_gas; print(chkpt.snapshot()); {call}; print(chkpt.snapshot())"
    outcome = harness.run([CHKPT_MPI, "-c", script], work, env={"PYTHONPATH": str(modules)})
    assert (outcome.code, outcome.stdout) == (0, b"False\nFalse\n"), outcome.stderr
    skipped = [line for line in outcome.messages if "skipped" in line]
    assert len(skipped) == 1 and text in skipped[0], outcome.stderr


SOLVERS = {
    "cg": "linalg.cg(matrix, right, tol=1e-10, callback=watch)",
    "bicgstab": "linalg.bicgstab(matrix, right, tol=1e-10, callback=watch)",
    "gmres": "linalg.gmres(matrix, right, tol=1e-10, callback=watch, callback_type='pr_norm')",
    "eigsh": "linalg.eigsh(linalg.LinearOperator((60, 60), counted, dtype=float), k=3, v0=right)",
}


@pytest.mark.parametrize("call", SOLVERS.values(), ids=SOLVERS)
def test_solvers_that_ask_python_for_products(call, work):
    if harness.not_importable({"scipy"}, work):
        pytest.skip(f"{PYTHON} has no scipy")
    script = work / "solve.py"
    script.write_text("import os, sys\nimport numpy as np\nfrom scipy import sparse\n"
                      "from scipy.sparse import linalg\n"
                      "line = sparse.diags([-1.0, 2.5, -1.0], [-1, 0, 1], shape=(60, 60)).tocsr()\n"
                      "matrix, right, times = line, np.arange(60.0) + 1, 0\n"
                      "def watch(x):\n"
                      "    global times\n"
                      "    times += 1\n"
                      "    if times != 7 or 'chkpt' not in sys.argv: return\n"
                      "    import chkpt\n"
                      "    if not chkpt.snapshot(): os.kill(os.getpid(), 9)\n"
                      "def counted(x):\n"
                      "    watch(x)\n"
                      "    return matrix @ x\n"
                      f"print({call}, times)\n")
    expected = harness.run([PYTHON, script], work)
    assert expected.code == 0, expected.stderr
    command = [CHKPT_MPI, "-f", "-1", script, "chkpt"]
    assert harness.run(command, work).code == -9
    resumed = harness.run(command, work)
    assert any("resumed from" in line for line in resumed.messages), resumed.stderr
    assert resumed.stdout == expected.stdout


def test_attributes_that_scipy_gives_to_routines(work):
    if harness.not_importable({"scipy"}, work):
        pytest.skip("no scipy")
    (work / "lapack.py").write_text(
        "import os, chkpt\nimport numpy as np\nfrom scipy.linalg import lapack\n"
        "def shown(): return [(r.typecode, r.dtype, r.int_dtype) for r in lapack.get_lapack_funcs(names, (np.eye(2),))]\n"
        "names = 'getri', 'getri_lwork', 'geqrf'\n"
        "before = shown()\n"
        "if not chkpt.snapshot(): os.kill(os.getpid(), 9)\n"
        "print(shown() == before, lapack._compute_lwork(lapack.get_lapack_funcs(names, (np.eye(2),))[1], 4))\n")
    command = [CHKPT_MPI, "-f", "-1", "lapack.py"]
    assert harness.run(command, work).code == -9
    resumed = harness.run(command, work)
    assert resumed.code == 0 and resumed.stdout.startswith(b"True "), resumed.stderr
