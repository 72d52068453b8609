"""The command `kerassl show`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from kerassl import zoo
from kerassl.cli import arguments, screen


def add(commands: Any) -> None:
    parser = arguments.command(
        commands, "show", run, "show a preset's card and configuration"
    )
    arguments.preset(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help="only the configuration, to start a preset of your own from",
    )


def run(args: argparse.Namespace) -> None:
    configuration = json.dumps(zoo.config(args.preset), indent=2)
    if args.json:
        print(configuration)
        return
    card = f"{zoo.card(args.preset).rstrip()}\n\n{zoo.told(args.preset)}"
    console = screen.console()
    if console.is_terminal:
        screen.page(f"{card}\n\n```json\n{configuration}\n```")
    else:
        print(card.strip(), configuration, sep="\n\n")
