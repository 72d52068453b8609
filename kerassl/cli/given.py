"""What several commands make of their arguments."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from kerassl import zoo
from kerassl.errors import InvalidValue


def examples(args: argparse.Namespace, option: str = "data") -> Any:
    """Returns what --data, or another such option, names as `kerassl.pretrain` does."""
    paths = getattr(args, option)
    if not all(path.strip() for path in paths or ()):
        name = option.replace("_", "-")
        raise InvalidValue(
            f"--{name}: expected a path or a name, received an empty one."
        )
    if paths is None or len(paths) == 1:
        return paths and paths[0]
    return [Path(path) for path in paths]  # strings would be documents


def overrides(args: argparse.Namespace) -> dict[str, Any]:
    return dict(zoo.parse_override(text) for text in args.set)


def allow_modules(args: argparse.Namespace) -> None:
    if args.modules and os.getcwd() not in sys.path:
        # Last: no file here may stand for a module that is imported later.
        sys.path.append(os.getcwd())
    for module in args.modules:
        zoo.allow(module)


def shown(args: argparse.Namespace) -> bool | None:
    """Returns whether to show progress: None where a terminal decides."""
    return False if args.quiet else None


def picture(path: str) -> str:
    """Returns the path of a picture, checked before long work is done for it."""
    from matplotlib.backend_bases import FigureCanvasBase

    known = FigureCanvasBase.get_supported_filetypes()
    if Path(path).suffix[1:].lower() not in known:
        raise InvalidValue(
            f"--out: expected a picture that ends in .png, .pdf, .svg or the like, "
            f"received {path!r}."
        )
    if not Path(path).parent.is_dir():
        raise NotADirectoryError(f"--out: {str(Path(path).parent)!r} is not a folder.")
    return path
