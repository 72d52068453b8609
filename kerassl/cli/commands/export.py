"""The command `kerassl export`."""

from __future__ import annotations

import argparse
from typing import Any

import kerassl
from kerassl.cli import arguments, given, screen


def add(commands: Any) -> None:
    parser = arguments.command(
        commands, "export", run, "write an encoder in a format that others run"
    )
    arguments.run_folder(parser)
    parser.add_argument(
        "--format",
        default="savedmodel",
        metavar="FORMAT",
        help="savedmodel, litert, onnx, keras_hub or huggingface (default: savedmodel)",
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="FOLDER",
        help="a new folder for the encoder, its README.md and an example",
    )
    parser.add_argument(
        "--quantize", metavar="TYPE", help="int8: weights as 8-bit integers"
    )
    arguments.data(parser, of="the run, to check the export on")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace an earlier export there"
    )
    parser.add_argument(
        "--upload",
        metavar="OWNER/NAME",
        help="put it into a repository of the Hugging Face hub, made private",
    )
    arguments.quiet(parser)


def run(args: argparse.Namespace) -> None:
    with screen.quiet_start():
        import tensorflow  # noqa: F401

    made = kerassl.export(
        args.run,
        args.out,
        args.format,
        quantize=args.quantize,
        data=given.examples(args),
        overwrite=args.overwrite,
        upload_to=args.upload,
        progress=given.shown(args),
    )
    print(made)
    print(
        f"{made.path / 'README.md'} says what goes in, what comes out, how to load it"
    )
    if "uploaded" in made.facts:
        print(f"uploaded to {made.facts['uploaded']}")
