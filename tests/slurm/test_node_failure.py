# SPDX-License-Identifier: BSD-3-Clause
"""A node of the job loses power, is taken out of service, or is cut off while its ranks live."""
import re

import pytest

import harness

from slurm import assert_went_on, batch_script, chkpt

STEPS = 200


def start(submit):
    """A job on two of the four nodes with two snapshots; the others are there for its restart."""
    job = submit(batch_script(chkpt(STEPS, "-f", 800, "--keep", 100)))
    job.wait_for_snapshots()
    return job


def declare_down(cluster, *nodes):
    """What Slurm does by itself once SlurmdTimeout is over."""
    cluster.tool("scontrol", "update", f"NodeName={','.join(nodes)}", "State=DOWN", "Reason=test")


@pytest.mark.parametrize("victim", ["other node", "batch host"])
def test_job_goes_on_elsewhere_after_a_power_cut(victim, cluster, submit, work, timeline, expected):
    job = start(submit)
    host = job.batch_host()
    node = host if victim == "batch host" else next(n for n in job.nodes() if n != host)
    timeline.note(f"power cut of {node} ({victim})")
    cluster.node(node, "kill")
    job.wait_for_restart()
    assert node not in job.nodes()
    assert_went_on(job, work, expected(STEPS))


def test_job_goes_on_when_a_node_is_taken_out_of_service(cluster, submit, work, timeline,
                                                               expected):
    job = start(submit)
    node = job.nodes()[1]
    timeline.note(f"scontrol update NodeName={node} State=DOWN, then switched off")
    declare_down(cluster, node)
    cluster.node(node, "kill")  # else its slurmd reports for service again while the job restarts
    job.wait_for_restart()
    assert node not in job.nodes()
    assert_went_on(job, work, expected(STEPS))


def cut_off(cluster, nodes):
    """Their slurmds die and Slurm gives them up, but the ranks there live on."""
    for node in nodes:
        cluster.node(node, "stop-daemon")
    declare_down(cluster, *nodes)


def ranks_on(cluster, node):
    """How many ranks live there; a dead one may wait for its slurmstepd to notice."""
    states = cluster.node(node, "run", "ps", "-C", "chkpt-mpi", "-o", "state=", check=False)
    return sum(state != "Z" for state in states.split())


def test_older_start_that_is_cut_off_never_commits_again(cluster, submit, work, timeline, expected):
    job = start(submit)
    nodes = job.nodes()
    timeline.note(f"slurmd of {' and '.join(nodes)} killed, its ranks live on")
    assert [ranks_on(cluster, node) for node in nodes] == [2, 2]
    cut_off(cluster, nodes)
    job.wait_for_restart()
    assert not set(nodes) & set(job.nodes())
    job.wait_for(lambda: [ranks_on(cluster, node) for node in nodes] == [0, 0])
    timeline.note("the older ranks have ended")
    assert_went_on(job, work, expected(STEPS))
    took_over_ns = (harness.run_directory(work) / "GENERATION-0000000002").stat().st_mtime_ns
    of_old = [facts["created_unix_ns"] for facts in manifests(work) if facts["generation"] == 1]
    of_new = [facts["created_unix_ns"] for facts in manifests(work) if facts["generation"] == 2]
    assert of_old and of_new and max(of_old) < took_over_ns < min(of_new)


def manifests(work):
    """The numbers in the head of every committed snapshot's MANIFEST."""
    for folder in harness.snapshots(work):
        pairs = re.findall(r"^(\w+) (\d+)$", (folder / "MANIFEST").read_text(), re.MULTILINE)
        yield {name: int(number) for name, number in pairs}
