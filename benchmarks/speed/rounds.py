"""Runs the contenders in turn, each in a process of its own."""

import json
import math
import os
import resource
import subprocess
import time
from pathlib import Path

from benchmarks.speed import environments


class Failed(Exception):
    """A contender failed, or did not train."""


def run(workload, settings, names, peers, *, rounds, threads, progress=print):
    """Returns the measurements of each contender, a list by name.

    Args:
        workload: Its name and the `Workload`.
        settings: The sizes, a dict.
        names: The contenders, in the order in which each round takes them.
        peers: Folder of the environment of the other libraries.
        rounds: How often each runs.
        threads: Threads of each.
        progress: Takes a line after each run.

    Raises:
        Failed: If a contender's process fails or its loss does not fall.
    """
    name, workload = workload
    results = {contender: [] for contender in names}
    for number in range(rounds):
        for contender in names:
            python = environments.interpreter(workload.contenders[contender], peers)
            result = _run(python, name, contender, settings, threads)
            results[contender].append(result)
            progress(
                f"round {number + 1}: {contender}, "
                f"{1000 * result['step_seconds']:.1f} ms a step, others "
                f"{100 * result['others']:.0f} % of the processor"
            )
    return results


def _run(python, workload, contender, settings, threads):
    command = [str(python), "-m", "benchmarks.speed.child", workload, contender]
    before = _busy_seconds(), _children_seconds(), time.perf_counter()
    done = subprocess.run(
        [*command, json.dumps(settings)],
        cwd=environments.ROOT,
        env=environments.variables(threads),
        capture_output=True,
        text=True,
    )
    after = _busy_seconds(), _children_seconds(), time.perf_counter()
    busy, own, took = (b - a for a, b in zip(before, after, strict=True))
    if done.returncode:
        raise Failed(f"{contender} failed:\n{done.stderr[-3000:]}")
    result = json.loads(done.stdout.splitlines()[-1])
    check_losses(contender, result["losses"])
    result["others"] = max(0.0, busy - own) / (took * os.cpu_count())
    return result


def check_losses(contender, losses):
    """Raises `Failed` unless the losses are finite and the last is below the first."""
    if not all(map(math.isfinite, losses)):
        raise Failed(f"{contender} has a loss that is not finite: {losses}")
    if losses and losses[-1] >= losses[0]:
        raise Failed(f"The loss of {contender} did not fall: {losses}")


def _busy_seconds():
    """Returns the time in which a processor of this machine was busy."""
    user, nice, system, _, _, irq, softirq, steal, *_ = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    )
    ticks = user + nice + system + irq + softirq + steal
    return ticks / os.sysconf("SC_CLK_TCK")


def _children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
