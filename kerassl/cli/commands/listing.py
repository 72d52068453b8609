"""The command `kerassl list`."""

from __future__ import annotations

import argparse
from typing import Any

from kerassl import zoo
from kerassl.cli import arguments, screen


def add(commands: Any) -> None:
    parser = arguments.command(commands, "list", run, "show the presets")
    parser.add_argument(
        "--modality", help="only presets for this kind of data: image, text or vector"
    )


def run(args: argparse.Namespace) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("name", "modality", "task"):
        table.add_column(heading, no_wrap=True)
    table.add_column("summary")
    names = zoo.names(args.modality)
    if not names:
        print(f"No preset is for {args.modality} data.")
        return
    for name in names:
        spec = zoo.config(name)
        task = spec["model"]["class"].rpartition(".")[2]
        table.add_row(name, spec["modality"], task, spec["summary"])
    screen.console().print(table)
