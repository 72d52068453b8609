"""Prints what the shared checks of tasks cost, in seconds of a core.

python tests/time_checks.py [NAME ...]
"""

import sys
import tempfile
import time
from pathlib import Path

import conftest  # noqa: F401
import tasks

from kerassl import distribute, testing


def seconds(function, *arguments, **options):
    start = time.process_time()
    function(*arguments, **options)
    return time.process_time() - start


def main(names):
    strategies = [distribute.strategy("cpu:2"), "cpu:1"]
    print("| task | one device | replicas |\n|---|---:|---:|")
    for name in names:
        make, examples, batch_size = tasks.every()[name]()
        options = {"batch_size": batch_size}
        with tempfile.TemporaryDirectory() as folder:
            one = seconds(
                testing.check_task,
                *(make, examples),
                folder=Path(folder),
                unmoved=tasks.unmoved(name),
                **options,
            )
        several = seconds(
            testing.check_replicas, make, examples, strategy=strategies, **options
        )
        print(f"| {name} | {one:.1f} | {several:.1f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or list(tasks.every()))
