"""Prints what the shared checks of tasks cost, in CPU seconds.

python tests/time_checks.py [NAME ...]

Counted are the seconds that a core worked, in this process and in those that it
started, so that a busy machine prints nearly the figures of a quiet one.
"""

import os
import sys
import tempfile
from pathlib import Path

import conftest  # noqa: F401
import tasks
from models import test_every_task as checks

from kerassl import distribute, testing


def seconds(function, *arguments, **options):
    start = spent()
    function(*arguments, **options)
    return spent() - start


def spent():
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def one_device(name):
    make, examples, batch_size = tasks.every()[name]()
    with tempfile.TemporaryDirectory() as folder:
        testing.check_task(
            make,
            examples,
            batch_size=batch_size,
            folder=Path(folder),
            unmoved=tasks.unmoved(name),
        )


def replicas(name, two_replicas):
    make, examples, batch_size = tasks.every()[name]()
    testing.check_replicas(
        make,
        examples,
        batch_size=batch_size,
        strategy=checks.strategies_for(name, two_replicas),
        in_graph=name in checks.IN_GRAPHS,
    )


def main(names):
    two_replicas = distribute.strategy("cpu:2")
    # What a process imports is shared by the tasks that are compared in it.
    imports = seconds(testing.losses_of_each_on, "jax", [])
    saved = imports * (1 - 1 / checks.TASKS_IN_A_PROCESS)
    print(
        "| task | one device | replicas | JAX | together |\n|---|---:|---:|---:|---:|"
    )
    one_device("Autoencoder")  # what is loaded and compiled once in a process
    for name in names:
        found = [
            seconds(one_device, name),
            seconds(replicas, name, two_replicas),
            seconds(checks.compare_with_jax, [name]) - saved,
        ]
        figures = " | ".join(f"{value:.1f}" for value in (*found, sum(found)))
        print(f"| {name} | {figures} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or list(tasks.every()))
