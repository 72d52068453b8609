"""A progress bar on the error stream."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any


def track(
    items: Iterable[Any],
    description: str,
    total: int | None = None,
    shown: bool | None = None,
) -> Iterator[Any]:
    """Yields items and shows how many of them are done.

    On a terminal there is a bar that goes when all are; elsewhere there is one plain
    line, if it is asked for.

    Args:
        items: What is gone through.
        description: What stands before the bar.
        total: How many there are, or None where nobody knows.
        shown: Whether to show it; None where the error stream is a terminal.

    Example:
        >>> list(track(range(3), "Counting", shown=False))
        [0, 1, 2]
    """
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    if not console.is_terminal:
        if shown:
            print(description, file=sys.stderr)
        yield from items
        return
    yield from track(
        items,
        description=description,
        total=total,
        console=console,
        transient=True,
        disable=shown is False,
    )
