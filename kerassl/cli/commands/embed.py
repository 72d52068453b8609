"""The command `kerassl embed`."""

from __future__ import annotations

import argparse
from typing import Any

import kerassl
from kerassl.cli import arguments, given, screen


def add(commands: Any) -> None:
    parser = arguments.command(
        commands, "embed", run, "write the vectors that an encoder gives examples"
    )
    arguments.run_folder(parser)
    arguments.data(parser, of="the run")
    parser.add_argument(
        "--out",
        metavar="FILE",
        default="vectors.npz",
        help="ends in .npz or .parquet (default: vectors.npz)",
    )
    arguments.quiet(parser)


def run(args: argparse.Namespace) -> None:
    with screen.quiet_start():
        import tensorflow  # noqa: F401
    from kerassl.use.vectors import check_suffix

    out = check_suffix(args.out)
    vectors = kerassl.embed(args.run, given.examples(args), progress=given.shown(args))
    vectors.save(out)
    count, dim = vectors.values.shape
    print(f"{out}: {count:,} vectors of {dim} dimensions")
