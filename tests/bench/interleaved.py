# SPDX-License-Identifier: BSD-3-Clause
"""Compares two commands fairly: A B A B in one go, then ratios of medians, of minima, of CPU time.

A workload prints one JSON object {name: {"wall": seconds, "cpu": seconds}} as its last line. Rounds
in which the reference moved by more than a quarter from its median say something about the machine,
not about us, and are discarded. Nothing here fails by time.
"""
import json
import resource
import statistics
import subprocess
import time

MOVED_TOO_FAR = 0.25


def measure(command, env, timeout_s=300):
    done = subprocess.run([str(word) for word in command], env=env, capture_output=True, text=True,
                          timeout=timeout_s, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def measure_whole(command, env, name, timeout_s=300):
    """The same for a program that does not measure itself: all of it, from its start to its end."""
    cpu_before, before = children_cpu(), time.perf_counter()
    done = subprocess.run([str(word) for word in command], env=env, capture_output=True, text=True,
                          timeout=timeout_s, check=False)
    wall, cpu = time.perf_counter() - before, children_cpu() - cpu_before
    if done.returncode != 0:
        raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return {name: {"wall": wall, "cpu": cpu}}


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def interleave(reference, ours, rounds):
    """[(reference measures, our measures)] of every round; odd rounds begin with ours. Both are
    functions that measure once."""
    pairs = []
    for number in range(rounds):
        if number % 2 == 0:
            first = reference()
            pairs.append((first, ours()))
        else:
            second = ours()
            pairs.append((reference(), second))
    return pairs


def ratio_of(pairs, name):
    """The row of one measure of a workload."""
    middle = statistics.median(reference[name]["wall"] for reference, _ in pairs)
    kept = [(a[name], b[name]) for a, b in pairs
            if abs(a[name]["wall"] / middle - 1) <= MOVED_TOO_FAR]
    discarded = len(pairs) - len(kept)

    if not kept:  # few rounds, all far from each other: all are shown, and that all moved
        kept = [(a[name], b[name]) for a, b in pairs]
        discarded = len(pairs)

    def ratio(reduce, clock):
        return (reduce([b[clock] for _, b in kept]) /
                max(reduce([a[clock] for a, _ in kept]), 1e-12))

    return {"name": name, "rounds": len(kept), "discarded": discarded,
            "reference_s": middle, "median": ratio(statistics.median, "wall"),
            "minimum": ratio(min, "wall"), "cpu": ratio(statistics.median, "cpu")}


def table(rows):
    lines = [f"{'':52} {'reference':>12} {'median':>8} {'minimum':>8} {'CPU':>8} {'rounds':>7}"]
    for row in rows:
        lines.append(f"{row['bar'] + ' ' + row['name']:52} {in_units(row['reference_s']):>12} "
                     f"{row['median']:8.3f} {row['minimum']:8.3f} {row['cpu']:8.3f} "
                     f"{row['rounds']:>7}")
    return "\n".join(lines)


def in_units(seconds):
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3f} {unit}"
    return f"{seconds * 1e9:.0f} ns"
