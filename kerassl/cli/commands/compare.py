"""The command `kerassl compare`."""

from __future__ import annotations

import argparse
from typing import Any

from kerassl.cli import arguments, screen


def add(commands: Any) -> None:
    parser = arguments.command(
        commands, "compare", run, "show runs beside each other, and how they differ"
    )
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="runs' folders, or presets' names for the runs in runs/PRESET; runs that "
        "differ by their seed alone are one row",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="also write it: a picture (.png and the like), .md, .json or .csv",
    )


def run(args: argparse.Namespace) -> None:
    with screen.quiet_start():
        import tensorflow  # noqa: F401
    from kerassl import use

    out = args.out and use.check_target(args.out)
    found = use.compare(args.runs)
    print(found.to_markdown(screen.console().width))
    if out:
        found.save(out)
        print(f"\n{out}: the comparison")
