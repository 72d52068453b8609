"""The command `kerassl allowed`."""

from __future__ import annotations

import argparse
from typing import Any

from kerassl import allowed
from kerassl.cli import arguments, given, screen


def add(commands: Any) -> None:
    parser = arguments.command(
        commands, "allowed", run, "show what a preset or another file may name"
    )
    parser.add_argument(
        "kind",
        nargs="?",
        choices=list(allowed.KINDS),
        metavar="KIND",
        help=f"every name of one kind: {', '.join(allowed.KINDS)}",
    )
    arguments.modules(parser)


def run(args: argparse.Namespace) -> None:
    if args.kind or args.modules:
        with screen.quiet_start():
            import tensorflow  # noqa: F401
        given.allow_modules(args)
    if args.kind:
        print(*allowed.public_names(args.kind), sep="\n")
        return
    print(allowed.rules())
