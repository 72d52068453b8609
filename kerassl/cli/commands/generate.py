"""The command `kerassl generate`."""

from __future__ import annotations

import argparse
from typing import Any

import kerassl
from kerassl.cli import arguments, given, screen


def add(commands: Any) -> None:
    parser = arguments.command(
        commands, "generate", run, "write on, fill gaps or make images with a run"
    )
    arguments.run_folder(parser)
    parser.add_argument(
        "--prompt",
        action="append",
        metavar="TEXT",
        help="what a text begins with, or a text with [MASK] for its gaps; may be "
        "given several times",
    )
    parser.add_argument(
        "--count",
        type=int,
        metavar="N",
        help="how many: texts for a prompt, words for a gap, images (default: the "
        "task's)",
    )
    parser.add_argument(
        "--length", type=int, metavar="TOKENS", help="most tokens to write"
    )
    parser.add_argument(
        "--temperature",
        type=float,
        metavar="T",
        help="0: the likeliest token always; 1: by the model's probabilities",
    )
    parser.add_argument(
        "--top-k", type=int, metavar="K", help="draw from the K likeliest tokens"
    )
    parser.add_argument(
        "--top-p",
        type=float,
        metavar="P",
        help="draw from the likeliest tokens that together have probability P",
    )
    arguments.seed(parser)
    parser.set_defaults(seed=None)  # not every task draws
    parser.add_argument(
        "--data",
        nargs="+",
        metavar="FILE",
        help="prompts, one a line; or the examples that a task goes between (default: "
        "those of the run)",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="ends in .txt, .md or .jsonl for texts, in .png, .pdf, .svg or .npz for "
        "others (default: texts to the screen, others to generated.png)",
    )
    arguments.quiet(parser)


def run(args: argparse.Namespace) -> None:
    with screen.quiet_start():
        import tensorflow  # noqa: F401
    made = kerassl.generate(
        args.run,
        args.prompt,
        count=args.count,
        length=args.length,
        temperature=args.temperature,
        top_k=args.top_k,
        top_p=args.top_p,
        seed=args.seed,
        data=given.examples(args),
        out=args.out,
        progress=given.shown(args),
    )
    out = args.out
    if out is None and (out := made.default_out):
        made.save(out)
    print(f"{out}: {len(made):,} {made.unit}" if out else made)
