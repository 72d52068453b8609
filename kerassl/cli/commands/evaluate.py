"""The command `kerassl evaluate`."""

from __future__ import annotations

import argparse
import os
from typing import Any

import kerassl
from kerassl import zoo
from kerassl.cli import arguments, given, screen


def add(commands: Any) -> None:
    parser = arguments.command(
        commands, "evaluate", run, "measure a trained encoder beside its controls"
    )
    arguments.run_folder(parser)
    arguments.data(parser, of="the run")
    arguments.beside(parser)
    arguments.seed(parser, default=None)
    arguments.setting(parser, "of how it is measured, such as transfer.draws=5")
    arguments.modules(parser)
    arguments.quiet(parser)


def run(args: argparse.Namespace) -> None:
    folder = args.run
    if not os.path.isdir(folder):
        zoo.config(folder)
        folder = os.path.join("runs", folder)
    overrides = given.overrides(args)
    with screen.quiet_start():
        import tensorflow  # noqa: F401
    given.allow_modules(args)
    run = kerassl.evaluate(
        folder,
        data=given.examples(args),
        seed=args.seed,
        overrides=overrides,
        progress=not args.quiet,
        test_data=given.examples(args, "test_data"),
        validation_data=given.examples(args, "validation_data"),
    )
    print(run)
