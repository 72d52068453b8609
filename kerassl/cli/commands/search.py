"""The command `kerassl search`."""

from __future__ import annotations

import argparse
from typing import Any

import kerassl
from kerassl.cli import arguments, given, screen


def add(commands: Any) -> None:
    parser = arguments.command(
        commands, "search", run, "find the examples that are most like one"
    )
    arguments.run_folder(parser)
    parser.add_argument(
        "query", metavar="QUERY", help="a text, or the path of an image or a sound"
    )
    arguments.data(parser, of="the run")
    parser.add_argument(
        "--count", type=int, default=10, metavar="N", help="how many (default 10)"
    )
    parser.add_argument(
        "--vectors",
        metavar="FILE",
        help="what `kerassl embed` wrote for the same data, as .npz",
    )
    parser.add_argument(
        "--approximate",
        action="store_true",
        help="by a graph of neighbours, for millions of examples (extra "
        "kerassl[search])",
    )
    parser.add_argument("--out", metavar="PICTURE", help="a picture of what was found")
    arguments.quiet(parser)


def run(args: argparse.Namespace) -> None:
    out = args.out and given.picture(args.out)
    with screen.quiet_start():
        import tensorflow  # noqa: F401
    from kerassl.use import Vectors

    found = kerassl.search(
        args.run,
        args.query,
        given.examples(args),
        count=args.count,
        vectors=Vectors.load(args.vectors) if args.vectors else None,
        approximate=args.approximate,
        progress=given.shown(args),
    )
    print(found.to_markdown())
    if out:
        found.figure().savefig(out, bbox_inches="tight", dpi=150)
        print(f"{out}: the query and what was found")
