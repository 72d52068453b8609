"""Vectors of examples by a trained run."""

import numpy as np

from kerassl.pretraining.examples import read, read_back
from kerassl.use.trained import run_of
from kerassl.use.vectors import Vectors


def embed(run, data=None, *, batch_size=256, pooling="auto", progress=None):
    """Returns the vectors that a trained encoder gives examples.

    Args:
        run: The run's folder, a preset's name for the run in "runs/NAME", or a
            `kerassl.Run`.
        data: The examples, as `kerassl.pretrain` takes them; None for those that
            the run was trained on.
        batch_size: Examples at a time.
        pooling: As in `kerassl.encoders.pool`.
        progress: Whether to show a progress bar; None where the error stream is a
            terminal.

    Returns:
        A `Vectors`, with labels where the data have classes.

    Raises:
        FileNotFoundError: If there is no such run, or the data are not there.
        ValueError: If the encoder cannot take the data.

    Example:
        >>> vectors = embed("runs/photos", "more_photos/")  # doctest: +SKIP
        >>> vectors.save("vectors.npz")  # doctest: +SKIP
    """
    run = run_of(run)
    source = source_for(run, data)
    return vectors_of(run.task, source, batch_size, pooling, progress)


def source_for(run, data):
    """Returns the source of examples as a run reads them, None for its own."""
    plan = dict(run.config)
    if data is None:
        data = read_back(plan["examples"])
    else:
        plan.pop("reading", None)  # it says how to read the run's own
    return read(plan, data)


def vectors_of(task, source, batch_size=256, pooling="auto", progress=False):
    """Returns the `Vectors` of a source by a task's encoder."""
    labels = source.labels if source.label_kind == "classes" else None
    return Vectors(
        task.encode(source, batch_size, pooling, progress),
        tuple(source.names(np.arange(len(source)))),
        labels,
        source.class_names if labels is not None else None,
    )
