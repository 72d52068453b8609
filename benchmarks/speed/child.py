"""A contender's process: runs it and prints the measurement as one line of JSON."""

import argparse
import json
import platform
from importlib.metadata import version

from benchmarks.speed.clock import Clock
from benchmarks.speed.workloads import WORKLOADS


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("contender")
    parser.add_argument("settings", type=json.loads)
    arguments = parser.parse_args()
    workload = WORKLOADS[arguments.workload]
    contender = workload.contenders[arguments.contender]
    settings = arguments.settings
    clock = Clock(**settings["clock"])
    contender.run(settings, clock)
    result = clock.report(workload.amount(settings))
    result["versions"] = {"Python": platform.python_version()}
    for library in contender.needs:
        result["versions"][library] = version(library)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
