"""The command `kerassl pretrain`."""

from __future__ import annotations

import argparse
from typing import Any

import kerassl
from kerassl import zoo
from kerassl.cli import arguments, given, screen


def add(commands: Any) -> None:
    parser = arguments.command(commands, "pretrain", run, "train a preset and report")
    arguments.preset(parser)
    arguments.data(parser)
    parser.add_argument(
        "--out", metavar="FOLDER", help="the run's folder (default: runs/PRESET)"
    )
    parser.add_argument(
        "--steps",
        type=int,
        metavar="N",
        help="optimizer steps (default: the preset's); more than a run has lengthen it",
    )
    arguments.batch_size(parser)
    arguments.beside(parser)
    arguments.seed(parser)
    arguments.strategy(parser)
    arguments.setting(parser)
    arguments.modules(parser)
    parser.add_argument(
        "--no-evaluate",
        action="store_true",
        help="train only: the report trains the controls too, which with a large "
        "encoder takes longer; `kerassl evaluate` makes it later",
    )
    parser.add_argument(
        "--checkpoint-seconds",
        type=float,
        default=30.0,
        metavar="S",
        help="seconds between checkpoints (default 30)",
    )
    arguments.ending(parser)
    arguments.track(parser)
    arguments.quiet(parser)


def run(args: argparse.Namespace) -> None:
    zoo.config(args.preset)  # a mistyped name is told before TensorFlow loads
    overrides = given.overrides(args)
    with screen.quiet_start():
        import tensorflow  # noqa: F401
    given.allow_modules(args)
    run = kerassl.pretrain(
        args.preset,
        given.examples(args),
        out=args.out,
        steps=args.steps,
        batch_size=args.batch_size,
        seed=args.seed,
        strategy=args.strategy,
        overrides=overrides,
        evaluate=not args.no_evaluate,
        progress=not args.quiet,
        test_data=given.examples(args, "test_data"),
        validation_data=given.examples(args, "validation_data"),
        checkpoint_seconds=args.checkpoint_seconds,
        early_stop=args.early_stop,
        restore_best=args.restore_best,
        track=args.track,
    )
    print(run)
