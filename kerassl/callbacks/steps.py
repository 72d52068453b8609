"""The base of callbacks that count the steps of a run."""

import keras


class StepCounter(keras.callbacks.Callback):
    """Counts training steps, also where Keras runs several at once.

    A model that is compiled with `steps_per_execution=k` calls its callbacks
    after every k-th step only.

    Args:
        start: The step at which this `fit` starts.

    Attributes:
        step: Steps done.
    """

    def __init__(self, start=0):
        super().__init__()
        self.step = self._epoch_start = start

    def on_epoch_begin(self, epoch, logs=None):
        """Notes where the epoch starts: Keras counts its batches from 0."""
        self._epoch_start = self.step

    def on_train_batch_end(self, batch, logs=None):
        """Counts up to this batch, the last one that was run."""
        self.step = self._epoch_start + batch + 1
