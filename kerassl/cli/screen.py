"""What the screen shows, and what is kept off it."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any


def console() -> Any:
    from rich.console import Console

    # A pipe has no width of its own; folding at 80 would break names apart.
    return Console() if sys.stdout.isatty() else Console(width=140)


def page(text: str) -> None:
    """Prints Markdown, laid out where a person sees it in a terminal."""
    shown = console()
    if shown.is_terminal:
        from rich.markdown import Markdown

        shown.print(Markdown(text))
    else:
        print(text)


def opening(preset: str, plan: dict, steps: int | None, known: bool) -> None:
    """Says at once what will be done, while TensorFlow takes its seconds to load.

    Where nobody waits, the lines that a run tells of itself are enough.

    Args:
        preset: The preset as the user named it.
        plan: Its configuration.
        steps: The steps that were asked for, or None.
        known: Whether the run is as the preset says, of which it tells the time.
    """
    if not sys.stderr.isatty():
        return
    recipe = plan["recipe"]
    count = steps or recipe.get("steps")
    minutes = plan.get("minutes") if known else None
    time = f", about {minutes:g} min on a processor with two cores" if minutes else ""
    batch = f" of {recipe['batch_size']:,}" if "batch_size" in recipe else ""
    number = f"{count:,} steps{batch}" if count else "its steps"
    lines = f"{preset}: {plan['summary']}\n{number}{time}. TensorFlow is loading."
    print(lines, file=sys.stderr, flush=True)


@contextlib.contextmanager
def quiet_start() -> Iterator[None]:
    """Keeps TensorFlow's start-up notes off the screen, but not its errors.

    The first lines come from native code before any log level is read, so the
    error stream itself is set aside; it is shown if the import fails.
    """
    # What TensorFlow logs as an error and matters, it raises as well.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    with tempfile.TemporaryFile() as notes:
        kept = os.dup(2)
        os.dup2(notes.fileno(), 2)
        try:
            yield
            import tensorflow as tf

            tf.config.list_physical_devices()
            # Warnings of its graphs, such as of retracing, tell a user nothing.
            tf.get_logger().setLevel("ERROR")
        except BaseException:
            os.dup2(kept, 2)
            notes.seek(0)
            sys.stderr.write(notes.read().decode("utf-8", "replace"))
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
