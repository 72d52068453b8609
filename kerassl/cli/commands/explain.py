"""The command `kerassl explain`."""

from __future__ import annotations

import argparse
from typing import Any

import kerassl
from kerassl.cli import arguments, given, screen


def add(commands: Any) -> None:
    parser = arguments.command(
        commands, "explain", run, "draw what an encoder reads, and what it finds alike"
    )
    arguments.run_folder(parser)
    arguments.data(parser, of="the run")
    parser.add_argument(
        "--kind",
        metavar="KIND",
        help="attention, saliency or neighbours (default: the first of these that the "
        "run can show)",
    )
    parser.add_argument(
        "--count",
        type=int,
        default=4,
        metavar="N",
        help="how many examples are shown (default 4)",
    )
    parser.add_argument(
        "--out",
        metavar="PICTURE",
        default="explained.png",
        help="the picture to write (default: explained.png)",
    )
    arguments.seed(parser)
    arguments.quiet(parser)


def run(args: argparse.Namespace) -> None:
    out = given.picture(args.out)
    with screen.quiet_start():
        import tensorflow  # noqa: F401

    found = kerassl.explain(
        args.run,
        given.examples(args),
        kind=args.kind,
        count=args.count,
        seed=args.seed,
        progress=given.shown(args),
    )
    print(found.to_markdown())
    found.figure().savefig(out, bbox_inches="tight", dpi=150)
    print(f"{out}: the picture")
