"""The progress bar of what is measured."""

import contextlib


@contextlib.contextmanager
def progress_bar(progress):
    """Yields a `rich.progress.Progress` to add a task to.

    Args:
        progress: Whether to show a bar where the error stream is a terminal, or a
            `rich.progress.Progress` to show it in.

    Example:
        >>> with progress_bar(False) as bar:
        ...     task = bar.add_task("measuring", total=1)
    """
    from rich.console import Console
    from rich.progress import Progress

    if isinstance(progress, Progress):
        yield progress
        return
    console = Console(stderr=True)
    shown = progress and console.is_terminal
    with Progress(console=console, disable=not shown, transient=True) as bar:
        yield bar
