"""A progress bar over the steps of a run."""

from kerassl.callbacks.steps import StepCounter


class ProgressBar(StepCounter):
    """Shows steps, loss and the time left in one line.

    Pass `verbose=0` to `fit` beside it.

    Args:
        steps: Steps in the whole run.
        start: The step at which this `fit` starts.
        description: What stands before the bar.
    """

    def __init__(self, steps, *, start=0, description="pretraining"):
        super().__init__(start)
        self.steps = steps
        self.description = description
        self._bar = None

    def on_train_begin(self, logs=None):
        """Draws the empty bar."""
        from rich import progress

        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[loss]}"),
            progress.TimeElapsedColumn(),
            progress.TimeRemainingColumn(),
        )
        self._task = self._bar.add_task(
            f"{self.description} (compiling)",
            total=self.steps,
            completed=self.step,
            loss="",
        )
        self._bar.start()

    def on_train_batch_end(self, batch, logs=None):
        """Moves the bar."""
        super().on_train_batch_end(batch, logs)
        loss = (logs or {}).get("loss")
        self._bar.update(
            self._task,
            completed=self.step,
            description=self.description,
            loss="" if loss is None else f"loss {float(loss):.4f}",
        )

    def on_train_end(self, logs=None):
        """Leaves the finished bar on the screen."""
        self.close()

    def close(self):
        """Gives the terminal back, also after an error."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
