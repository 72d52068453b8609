"""Stops a run whose loss is no number any more."""

import math
from pathlib import Path

from kerassl import distribute
from kerassl.callbacks.checkpoint import latest_checkpoint
from kerassl.callbacks.steps import StepCounter
from kerassl.errors import TrainingDiverged


class StopOnNaN(StepCounter):
    """Ends training with an error when the loss is NaN or infinite.

    Place it before callbacks that write checkpoints, so that none is written
    of a broken state.

    Args:
        checkpoint: Folder of checkpoints or path of a checkpoint, named in the
            error; or None.

    Raises:
        TrainingDiverged: From `fit`, in the step in which the loss broke.

    Example:
        >>> StopOnNaN("run/checkpoints").checkpoint
        'run/checkpoints'
    """

    def __init__(self, checkpoint=None):
        super().__init__()
        self.checkpoint = checkpoint

    def on_train_begin(self, logs=None):
        """Starts to count at the model's step."""
        self.step = distribute.steps_done(self.model)

    def on_train_batch_end(self, batch, logs=None):
        """Looks at the loss."""
        super().on_train_batch_end(batch, logs)
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            raise TrainingDiverged(self.step, loss, self._last_good())

    def _last_good(self):
        if self.checkpoint is None:
            return None
        path = Path(self.checkpoint)
        if path.is_dir():
            found = latest_checkpoint(path)
            return found[0] if found else None
        return path if path.exists() else None
