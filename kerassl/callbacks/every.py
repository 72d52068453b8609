"""The base of callbacks that measure something now and then."""

from kerassl import distribute
from kerassl.callbacks.steps import StepCounter
from kerassl.checks import check_integer


class EverySteps(StepCounter):
    """Calls `measure` every so many steps and logs what it returns.

    The values join the logs of the step or epoch, so that callbacks later in
    the list and the history see them.

    Args:
        every: Steps between two measurements, 1 or more; None for each end of
            an epoch.
        log_dir: Folder for TensorBoard's event files, or None.

    Attributes:
        step: Steps done, over all calls of `fit` on the model.
        values: The last measurement, a dict by name.

    Raises:
        ValueError: If `every` is below 1.
    """

    def __init__(self, *, every: int | None = None, log_dir=None):
        super().__init__()
        if every is not None:
            check_integer("every", every, least=1)
        self.every = every
        self.log_dir = log_dir
        self.values: dict[str, float] = {}
        self._writer = None

    def measure(self) -> dict[str, float]:
        """Returns the measures by name."""
        raise NotImplementedError(f"{type(self).__name__} must implement `measure`.")

    def on_train_begin(self, logs=None):
        """Starts to count at the model's step."""
        self.step = distribute.steps_done(self.model)
        if self.log_dir is not None:
            import tensorflow as tf

            self._writer = tf.summary.create_file_writer(str(self.log_dir))

    def on_train_batch_end(self, batch, logs=None):
        """Counts the step, and measures when it is time."""
        before = self.step
        super().on_train_batch_end(batch, logs)
        if self.every is not None and before // self.every < self.step // self.every:
            self._measure(logs)

    def on_epoch_end(self, epoch, logs=None):
        """Measures, or adds the last measurement to the logs of the epoch."""
        if self.every is None:
            self._measure(logs)
        elif logs is not None:
            logs.update(self.values)

    def on_train_end(self, logs=None):
        """Closes TensorBoard's file."""
        if self._writer is not None:
            self._writer.close()

    def _measure(self, logs):
        self.values = self.measure()
        if logs is not None:
            logs.update(self.values)
        if self._writer is not None:
            import tensorflow as tf

            with self._writer.as_default():
                for name, value in self.values.items():
                    tf.summary.scalar(name, value, step=self.step)
            self._writer.flush()
