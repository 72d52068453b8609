"""The command `kerassl preview`."""

from __future__ import annotations

import argparse
from typing import Any

from kerassl import zoo
from kerassl.cli import arguments, given, screen


def add(commands: Any) -> None:
    parser = arguments.command(
        commands, "preview", run, "draw what the pretext task does to your data"
    )
    arguments.preset(parser)
    arguments.data(parser)
    parser.add_argument(
        "--out", metavar="PICTURE", help="the picture to write (default: PRESET.png)"
    )
    arguments.seed(parser)
    arguments.setting(parser)
    arguments.modules(parser)


def run(args: argparse.Namespace) -> None:
    name = zoo.config(args.preset)["name"]
    out = given.picture(f"{name}.png" if args.out is None else args.out)
    overrides = given.overrides(args)
    with screen.quiet_start():
        import tensorflow  # noqa: F401
    given.allow_modules(args)
    from kerassl.pretraining import preview

    figure = preview(
        args.preset, given.examples(args), seed=args.seed, overrides=overrides
    )
    figure.savefig(out, bbox_inches="tight", dpi=150)
    print(f"{out}: examples as {name} sees them")
