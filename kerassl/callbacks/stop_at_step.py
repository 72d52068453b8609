"""Ends training after an exact number of steps."""

from kerassl.callbacks.steps import StepCounter


class StopAtStep(StepCounter):
    """Stops `fit` when the run has made its steps, also within an epoch.

    Args:
        steps: Steps in the whole run.
        start: The step at which this `fit` starts.
    """

    def __init__(self, steps, *, start=0):
        super().__init__(start)
        self.steps = steps

    def on_train_batch_end(self, batch, logs=None):
        """Counts the step and stops at the last."""
        super().on_train_batch_end(batch, logs)
        if self.step >= self.steps:
            self.model.stop_training = True
