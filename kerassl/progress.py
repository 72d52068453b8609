"""A progress bar on the error stream."""

from collections.abc import Iterable, Iterator
from typing import Any


def track(
    items: Iterable[Any],
    description: str,
    total: int | None = None,
    shown: bool | None = None,
) -> Iterator[Any]:
    """Yields items and shows how many of them are done.

    On a terminal the bar goes when all are; elsewhere its last state stays.

    Args:
        items: What is gone through.
        description: What stands before the bar.
        total: How many there are, or None where nobody knows.
        shown: Whether to show the bar; None where the error stream is a terminal.

    Example:
        >>> list(track(range(3), "Counting", shown=False))
        [0, 1, 2]
    """
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(
        items,
        description=description,
        total=total,
        console=console,
        transient=console.is_terminal,
        disable=not (console.is_terminal if shown is None else shown),
    )
