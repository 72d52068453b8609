"""The progress bar of what is measured."""

import contextlib


@contextlib.contextmanager
def progress_bar(progress):
    """Yields a `rich.progress.Progress` to add a task to.

    Args:
        progress: Whether to show a bar, or a `rich.progress.Progress` to show it in.

    Example:
        >>> with progress_bar(False) as bar:
        ...     task = bar.add_task("measuring", total=1)
    """
    from rich.progress import Progress

    if isinstance(progress, Progress):
        yield progress
        return
    with Progress(disable=not progress, transient=True) as bar:
        yield bar
