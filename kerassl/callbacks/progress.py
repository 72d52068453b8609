"""A progress bar over the steps of a run."""

from kerassl.callbacks.steps import StepCounter


class ProgressBar(StepCounter):
    """Shows steps, loss and the time left in one line of the error stream.

    Pass `verbose=0` to `fit` beside it. Where the error stream is no terminal, nothing
    is shown.

    Args:
        steps: Steps in the whole run.
        start: The step at which this `fit` starts.
        description: What stands before the bar.
        bar: A `rich.progress.Progress` to show it in; it is neither started nor
            stopped then. None makes one.
    """

    def __init__(self, steps, *, start=0, description="training", bar=None):
        super().__init__(start)
        self.steps = steps
        self.description = description
        self._bar = bar
        self._own = bar is None
        self._timed = False

    def on_train_begin(self, logs=None):
        """Draws the empty bar."""
        if self._own:
            self._bar = _progress()
            self._bar.start()
        # Its clock starts with the first step that needs no compiling.
        self._task = self._bar.add_task(
            f"{self.description} (compiling)",
            start=False,
            total=self.steps,
            completed=self.step,
            detail="",
        )

    def on_train_batch_end(self, batch, logs=None):
        """Moves the bar."""
        super().on_train_batch_end(batch, logs)
        loss = (logs or {}).get("loss")
        told = "" if loss is None else f", loss {float(loss):.4f}"
        self._bar.update(
            self._task,
            completed=self.step,
            description=self.description,
            detail=f": step {self.step:,} of {self.steps:,}{told}",
        )
        if not self._timed:
            self._timed = True
            self._bar.start_task(self._task)

    def on_train_end(self, logs=None):
        """Leaves the finished bar on the screen."""
        self.close()

    def close(self):
        """Gives the terminal back, also after an error."""
        if self._own and self._bar is not None:
            self._bar.stop()
            self._bar = None


def _progress():
    from rich import progress
    from rich.console import Console

    console = Console(stderr=True)
    return progress.Progress(
        progress.TextColumn("{task.description}{task.fields[detail]}"),
        progress.BarColumn(),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
