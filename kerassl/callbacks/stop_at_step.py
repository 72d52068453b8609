"""Ends training after an exact number of steps."""

import keras


class StopAtStep(keras.callbacks.Callback):
    """Stops `fit` when the run has made its steps, also within an epoch.

    Args:
        steps: Steps in the whole run.
        start: The step at which this `fit` starts.
    """

    def __init__(self, steps, *, start=0):
        super().__init__()
        self.steps = steps
        self.step = start

    def on_train_batch_end(self, batch, logs=None):
        """Counts the step and stops at the last."""
        self.step += 1
        if self.step >= self.steps:
            self.model.stop_training = True
