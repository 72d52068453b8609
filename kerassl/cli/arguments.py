"""Arguments that several commands take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any


def command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], None], summary: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary)
    parser.add_argument("--debug", action="store_true", help="show where errors arise")
    parser.set_defaults(command=run)
    return parser


def run_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run",
        metavar="RUN",
        help="a run's folder, or a preset's name for the run in runs/PRESET",
    )


def preset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "preset",
        metavar="PRESET",
        help="a name that `kerassl list` shows, or the path of your own .json",
    )


def data(parser: argparse.ArgumentParser, of: str = "the preset") -> None:
    parser.add_argument(
        "--data",
        nargs="+",
        metavar="PATH",
        help="your own examples: a folder of images, or text files, folders of them, "
        "or patterns such as corpus/*.txt; digits, docs, glyphs, keras:cifar10 and the "
        f"like name data at hand (default: those of {of})",
    )


def beside(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--test-data",
        nargs="+",
        metavar="PATH",
        help="examples of your own to measure on, in any form of --data (default: a "
        "part of --data is kept out for that)",
    )
    parser.add_argument(
        "--validation-data",
        nargs="+",
        metavar="PATH",
        help="examples of your own to choose the settings of probes on, and to watch "
        "the loss on",
    )


def batch_size(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--batch-size",
        type=int,
        metavar="N",
        help="examples a step, over all replicas (default: the preset's)",
    )


def seed(parser: argparse.ArgumentParser, default: int | None = 0) -> None:
    said = "the run's" if default is None else default
    parser.add_argument(
        "--seed",
        type=int,
        default=default,
        metavar="N",
        help=f"of all randomness (default: {said})",
    )


def strategy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--strategy",
        default="auto",
        metavar="NAME",
        help="auto (all GPUs of this machine), one, mirrored, multi_worker, tpu, "
        "cpu:N or gpu:N (default: auto)",
    )


def setting(
    parser: argparse.ArgumentParser,
    what: str = "of the preset, such as model.temperature=0.2",
) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"change a value {what}; may be given several times",
    )


def modules(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--import",
        dest="modules",
        action="append",
        default=[],
        metavar="MODULE",
        help="a Python module of your own whose classes the preset names, such as "
        "rotation for rotation.py here; it is run, so name only what you trust",
    )


def ending(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--early-stop",
        type=int,
        nargs="?",
        const=5,
        metavar="N",
        help="end the run when val_loss has not improved for N lines of the history, "
        "of which a run has 50 (without a number: 5); needs --validation-data",
    )
    parser.add_argument(
        "--restore-best",
        action="store_true",
        help="with --early-stop: keep the weights of the least val_loss, not the last",
    )


def track(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--track",
        metavar="NAME",
        help="wandb or mlflow: show the run there too (extras kerassl[wandb], "
        "kerassl[mlflow])",
    )


def quiet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
