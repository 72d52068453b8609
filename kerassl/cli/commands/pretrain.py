"""The command `kerassl pretrain`."""

from __future__ import annotations

import argparse
from typing import Any

import kerassl
from kerassl import zoo
from kerassl.cli import arguments, given, screen
from kerassl.errors import InvalidValue


def add(commands: Any) -> None:
    parser = arguments.command(commands, "pretrain", run, "train presets and report")
    parser.add_argument(
        "presets",
        nargs="+",
        metavar="PRESET",
        help="names that `kerassl list` shows, or paths of your own .json; several are "
        "compared, each run in runs/PRESET-seedN",
    )
    arguments.data(parser)
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        help="the run's folder (default: runs/PRESET), or that of several runs "
        "(default: runs)",
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
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        metavar="N",
        help="a run with each of them in runs/PRESET-seedN, and their comparison",
    )
    arguments.strategy(parser)
    arguments.setting(parser)
    parser.add_argument(
        "--tune",
        action="append",
        default=[],
        metavar="KEY=VALUE,VALUE",
        help="try these values of one preset and take those that are best on a part of "
        "the training data; several --tune give all combinations (extra "
        "kerassl[tune])",
    )
    parser.add_argument(
        "--trials",
        type=int,
        metavar="N",
        help="draw N of the combinations of --tune at random (default: all)",
    )
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
    for preset in args.presets:
        zoo.config(preset)  # a mistyped name is told before TensorFlow loads
    if args.seeds and args.seed:
        raise InvalidValue("--seed: give --seeds alone, or --seed for one run.")
    values = given.choices(args)
    if values and len(args.presets) > 1:
        raise InvalidValue("--tune: expected one preset, received several.")
    if args.trials is not None and not values:
        raise InvalidValue("--trials: expected --tune beside it.")
    options = {
        "out": args.out,
        "steps": args.steps,
        "batch_size": args.batch_size,
        "strategy": args.strategy,
        "overrides": given.overrides(args),
        "evaluate": not args.no_evaluate,
        "progress": not args.quiet,
        "test_data": given.examples(args, "test_data"),
        "validation_data": given.examples(args, "validation_data"),
        "checkpoint_seconds": args.checkpoint_seconds,
        "early_stop": args.early_stop,
        "restore_best": args.restore_best,
        "track": args.track,
    }
    data = given.examples(args)
    if not args.quiet:
        _open(args, data, options["overrides"])
    with screen.quiet_start():
        import tensorflow  # noqa: F401
    given.allow_modules(args)
    seeds = args.seeds or [args.seed]
    if values:
        options |= {"seeds": seeds, "trials": args.trials}
        _show(kerassl.tune(args.presets[0], values, data, **options))
    elif args.seeds or len(args.presets) > 1:
        _show(kerassl.pretrain_all(args.presets, data, seeds=seeds, **options))
    else:
        run = kerassl.pretrain(args.presets[0], data, seed=args.seed, **options)
        screen.page(str(run))


def _show(found: Any) -> None:
    """Prints what several runs gave.

    Raises:
        TrainingDiverged: If one of them diverged, which the exit code tells.
    """
    print(found.to_markdown(screen.console().width))
    for path in found.files:
        print(f"\n{path}", end="")
    print()
    for error in found.failed.values():
        raise error


def _open(args: argparse.Namespace, data: Any, overrides: dict[str, Any]) -> None:
    """Says at once what will be done, where it is one run."""
    if len(args.presets) > 1 or args.seeds or args.tune:
        return
    preset = args.presets[0]
    as_it_stands = data is None and not (overrides or args.no_evaluate or args.steps)
    screen.opening(preset, zoo.config(preset), args.steps, as_it_stands)
