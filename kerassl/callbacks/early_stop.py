"""Ends a run whose loss on validation examples no longer improves."""

from pathlib import Path

from kerassl import distribute
from kerassl.callbacks.checkpoint import restore_checkpoint, save_checkpoint
from kerassl.callbacks.steps import StepCounter
from kerassl.checks import check_integer
from kerassl.errors import InvalidValue


class EarlyStop(StepCounter):
    """Stops `fit` when a value has not fallen for some epochs.

    All that it knows follows from the values of the epochs before, so that a run
    that goes on from its history stops where it would have stopped.

    Args:
        patience: Epochs without a new least value after which to stop, 1 or more.
        rows: Dicts of the epochs that were trained before, as of `read_log`.
        start: The step at which this `fit` starts.
        watched: The value in the logs, which is to fall.
        best: The `.npz` file that keeps the weights of the least value, for
            `restore_best`; None keeps none.

    Attributes:
        least: The least value so far, or None.
        least_step: The step at which it was seen.
        stopped_step: The step at which the run was stopped, or None.

    Raises:
        ValueError: If `patience` is below 1, or from `fit` if the logs lack `watched`.

    Example:
        >>> rows = [{"step": step, "val_loss": 1.0} for step in (10, 20, 30)]
        >>> EarlyStop(2, rows=rows, start=30).stopped_step
        30
    """

    def __init__(self, patience, *, rows=(), start=0, watched="val_loss", best=None):
        super().__init__(start)
        check_integer("patience", patience, least=1)
        self.patience = patience
        self.watched = watched
        self.best = None if best is None else Path(best)
        self.least = self.least_step = self.stopped_step = None
        self._waited = 0
        for row in rows:
            self._take(row["step"], row)

    @property
    def reason(self):
        """Why the run was stopped, in words."""
        return (
            f"{self.watched} had not improved for {self.patience} lines of the "
            f"history, since {self.least:.6g} at step {self.least_step:,}"
        )

    def on_epoch_end(self, epoch, logs=None):
        """Looks at the value."""
        improved = self._take(self.step, logs or {})
        if improved and self.best is not None and distribute.is_chief(self.model):
            self.best.parent.mkdir(parents=True, exist_ok=True)
            save_checkpoint(self.model, self.best)
        if self.stopped_step is not None:
            self.model.stop_training = True

    def restore_best(self):
        """Gives the model the weights of the least value."""
        restore_checkpoint(self.model, self.best)

    def _take(self, step, values):
        """Takes the value of an epoch; returns whether it is the least so far."""
        if self.watched not in values:
            raise InvalidValue(
                f"Early stopping watches {self.watched!r}, but the logs have only "
                f"{sorted(values)}. Give `validation_data`."
            )
        improved = self.least is None or values[self.watched] < self.least
        if improved:
            self.least, self.least_step = float(values[self.watched]), step
        self._waited = 0 if improved else self._waited + 1
        if self._waited >= self.patience and self.stopped_step is None:
            self.stopped_step = step
        return improved
