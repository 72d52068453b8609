"""Checkpoints from which a run goes on bit for bit."""

import os
import re
import time
import zipfile
import zlib
from pathlib import Path

import keras
import numpy as np

from kerassl import distribute, files
from kerassl.callbacks.steps import StepCounter
from kerassl.checks import check_integer, check_number
from kerassl.errors import InvalidValue

_FILE = re.compile(r"step-(\d+)\.npz")


def save_checkpoint(task, path):
    """Writes everything that training `task` on depends on into one file.

    That is every variable of the model (seed states, teachers and queues
    included) and of its optimizer. The file appears whole or not at all.

    Args:
        task: A compiled `kerassl.models.PretextModel`.
        path: The file to write, ending in `.npz`.

    Example:
        >>> save_checkpoint(task, "step-100.npz")  # doctest: +SKIP
    """
    distribute.read_state(task)
    arrays = {
        name: keras.ops.convert_to_numpy(variable)
        for name, variable in _state(task).items()
    }
    with files.atomic(path) as unfinished, open(unfinished, "wb") as file:
        np.savez(file, **arrays)


def restore_checkpoint(task, path):
    """Puts `task` into the state that `save_checkpoint` wrote.

    Args:
        task: A `PretextModel` of the same configuration, compiled with the
            same optimizer.
        path: The file that `save_checkpoint` wrote.

    Raises:
        ValueError: If the file is damaged or holds other variables than `task`.
    """
    state = _state(task)
    size = os.path.getsize(path)
    if not zipfile.is_zipfile(path):
        raise _damaged(path, "it is no archive")
    with open(path, "rb") as file, _read(path, np.load, file) as stored:
        missing = sorted(set(state) ^ set(stored.files))
        if missing:
            raise InvalidValue(
                f"The checkpoint {path} is of another model or optimizer: "
                f"{len(missing)} variables are on one side only, such as "
                f"{missing[0].partition(':')[2]!r}."
            )
        for member in stored.zip.infolist():
            # It is stored as it is, so that one which grows is no checkpoint.
            if member.file_size > size:
                raise _damaged(path, f"{member.filename!r} would grow")
        for name, variable in state.items():
            array = _read(path, stored.__getitem__, name)
            if array.shape != tuple(variable.shape):
                raise InvalidValue(
                    f"The checkpoint {path} is of another model: {variable.path!r} "
                    f"has shape {array.shape} there and {tuple(variable.shape)} here."
                )
            if array.dtype.kind == "V":  # NumPy stores bfloat16 as plain bytes
                array = array.view(keras.ops.convert_to_numpy(variable).dtype)
            variable.assign(array)


def _read(path, read, what):
    try:
        return read(what)
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise _damaged(path, error) from error


def _damaged(path, why):
    return InvalidValue(
        f"The checkpoint {path} is damaged: {why}. Remove it: the run then goes "
        "on from the checkpoint before, or begins anew."
    )


def latest_checkpoint(folder):
    """Returns (path, step) of the newest checkpoint in `folder`, or None.

    Args:
        folder: Where `Checkpoint` writes.
    """
    folder = Path(folder)
    files = folder.iterdir() if folder.is_dir() else ()
    steps = {int(m[1]): p for p in files if (m := _FILE.fullmatch(p.name))}
    if not steps:
        return None
    step = max(steps)
    return steps[step], step


class Checkpoint(StepCounter):
    """Saves checkpoints between epochs of `fit`.

    To resume, restore the latest one and start the dataset at its step:
    `fit` then goes on as if it had never stopped. With a dataset made by
    `task.dataset(..., start=step)` the weights come out identical to the bit.

    Args:
        folder: Where to write; made if missing.
        start: The step at which this `fit` starts, 0 for a new run.
        every_seconds: Save at the end of an epoch once this many seconds have
            passed since the last save. The end of training is always saved.
        keep: How many of the newest checkpoints to keep.

    Example:
        >>> found = latest_checkpoint("checkpoints")
        >>> if found:
        ...     restore_checkpoint(task, found[0])  # doctest: +SKIP
    """

    def __init__(self, folder, *, start=0, every_seconds=30.0, keep=2):
        super().__init__(start)
        if every_seconds != float("inf"):  # which saves at the end alone
            check_number("every_seconds", every_seconds, least=0)
        check_integer("keep", keep, least=1)
        self.folder = Path(folder)
        self.every_seconds = every_seconds
        self.keep = keep
        self._saved_step = start if start else None
        self._saved_at = time.monotonic()
        self._finite = True

    def on_epoch_end(self, epoch, logs=None):
        """Saves when it is time."""
        # Weights that gave a NaN are no state to go on from.
        self._finite = bool(np.isfinite((logs or {}).get("loss", 0.0)))
        if time.monotonic() - self._saved_at >= self.every_seconds:
            self._save()

    def on_train_end(self, logs=None):
        """Saves the last state."""
        self._save()

    def _save(self):
        if self.step == self._saved_step or not self._finite:
            return
        if distribute.is_chief(self.model):
            self.folder.mkdir(parents=True, exist_ok=True)
            save_checkpoint(self.model, self.folder / f"step-{self.step:08d}.npz")
            self._remove_old()
        self._saved_step = self.step
        self._saved_at = time.monotonic()

    def _remove_old(self):
        files = sorted(p for p in self.folder.iterdir() if _FILE.fullmatch(p.name))
        for path in files[: -self.keep]:
            path.unlink()


def _state(task):
    """Returns every variable by a name that is unique and stays the same."""
    variables = [*task.variables, *task.optimizer.variables]
    return {f"{i:05d}:{_stable(v.path)}": v for i, v in enumerate(variables)}


def _stable(path):
    # Keras numbers layers by how many were made before in the process, so the
    # digits differ between the run that wrote and the one that reads.
    return re.sub(r"_?\d+", "", path)
