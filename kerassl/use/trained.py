"""A run by its folder or its preset's name."""

from pathlib import Path

from kerassl.checks import user_path
from kerassl.runs import CONFIG, Run


def run_of(name):
    """Returns a finished run.

    Args:
        name: The run's folder, or a preset's name for the run in "runs/NAME"; or the
            `kerassl.Run` itself.

    Raises:
        FileNotFoundError: If there is no such run, or it has not come to its end.

    Example:
        >>> run_of("nowhere")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        FileNotFoundError: There is no run in nowhere or runs/nowhere: ...
    """
    if isinstance(name, Run):
        return name
    path = user_path(name, "run")
    for folder in (path, Path("runs") / path):
        if (folder / CONFIG).is_file():
            return Run(folder)
    raise FileNotFoundError(
        f"There is no run in {path} or {Path('runs') / path}: "
        f"`kerassl pretrain {name}` makes one where this is a preset's name."
    )
