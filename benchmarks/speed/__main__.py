"""The command `python -m benchmarks.speed`."""

import argparse
import datetime
import json
import os
import shlex
import sys
from pathlib import Path

import benchmarks.speed as package
from benchmarks.speed import environments, rounds, table
from benchmarks.speed.workloads import WORKLOADS


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    parser, arguments = _parse(argv)
    if arguments.workload == "prepare":
        environments.prepare(arguments.peers)
        return
    workload = WORKLOADS[arguments.workload]
    names, absent = _contenders(parser, arguments, workload)
    threads = len(os.sched_getaffinity(0))
    sections = {}
    for setting, sizes in _settings(parser, arguments, workload).items():
        results = rounds.run(
            (arguments.workload, workload),
            sizes,
            names,
            arguments.peers,
            rounds=arguments.rounds,
            threads=threads,
            progress=lambda line: print(line, file=sys.stderr, flush=True),
        )
        sections[setting] = results
    print(_heading(arguments, argv, workload, sections, threads))
    for setting, results in sections.items():
        summary = table.summarize(results, workload.unit)
        print(f"\nSetting {setting}:\n\n{table.markdown(summary, workload.unit)}")
    for name, reason in absent.items():
        print(f"\nNot measured: {name}, {reason}.")
    if arguments.out:
        Path(arguments.out).write_text(json.dumps(sections, indent=1) + "\n")


def _parse(argv):
    lines = [
        f"  {name}: {', '.join(workload.contenders)}"
        for name, workload in WORKLOADS.items()
    ]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=package.__doc__,
        epilog="contenders:\n" + "\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("workload", choices=[*WORKLOADS, "prepare"])
    parser.add_argument(
        "--against",
        nargs="+",
        metavar="NAME",
        help="contenders beside kerassl, the first to compare to (default: all)",
    )
    parser.add_argument("--setting", help="only this one of the workload's settings")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default=".peers", help="environment of the others")
    parser.add_argument("--out", help="file for all measurements, as JSON")
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes, to see that it works"
    )
    arguments = parser.parse_args(argv)
    if arguments.rounds < 1:
        parser.error(f"--rounds must be at least 1. Received: {arguments.rounds}")
    return parser, arguments


def _contenders(parser, arguments, workload):
    """Returns the names of those that can run, and why the others cannot."""
    wanted = arguments.against or [n for n in workload.contenders if n != "kerassl"]
    for name in wanted:
        if name not in workload.contenders:
            parser.error(
                f"--against must name contenders of {arguments.workload}, "
                f"{', '.join(workload.contenders)}. Received: {name}"
            )
    wanted = [*(name for name in wanted if name != "kerassl"), "kerassl"]
    reasons = {
        name: environments.missing(workload.contenders[name], arguments.peers)
        for name in wanted
    }
    absent = {name: reason for name, reason in reasons.items() if reason}
    if arguments.against and absent:
        parser.error("; ".join(f"{name}: {absent[name]}" for name in absent))
    return [name for name in wanted if name not in absent], absent


def _settings(parser, arguments, workload):
    if arguments.setting not in (None, *workload.settings):
        parser.error(
            f"--setting must be one of {', '.join(workload.settings)}. "
            f"Received: {arguments.setting}"
        )
    if arguments.quick:
        return {"quick": workload.quick}
    if arguments.setting:
        return {arguments.setting: workload.settings[arguments.setting]}
    return workload.settings


def _heading(arguments, argv, workload, sections, threads):
    every = {
        f"{setting} {name}": measured
        for setting, results in sections.items()
        for name, measured in results.items()
    }
    date = datetime.date.today().isoformat()
    return (
        f"## Speed: {arguments.workload}\n\n"
        f"    python -m benchmarks.speed {shlex.join(argv)}\n\n"
        f"{workload.summary}\n\n"
        f"{date}, {threads} threads on an {_processor()} with {os.cpu_count()} cores, "
        f"{arguments.rounds} rounds; other processes took at most "
        f"{100 * table.others(every):.0f} % of the processor. "
        f"{table.versions(every)}."
    )


def _processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown processor"


if __name__ == "__main__":
    main()
