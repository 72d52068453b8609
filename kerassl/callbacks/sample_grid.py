"""Pictures of what a task makes of the same examples while it trains."""

from pathlib import Path

from kerassl import distribute, pictures
from kerassl.callbacks.every import EverySteps


class SampleGrid(EverySteps):
    """Saves the figure that the task draws, before training and now and then.

    A GAN draws samples, always of the same noise; an autoencoder draws
    reconstructions. Side by side the pictures show what was learnt when. A
    task whose `draw` returns None leaves nothing.

    Args:
        folder: Where `step-N.png` are written; made if missing.
        inputs: Raw examples for `task.draw`, the same for every picture.
        every: Steps between two pictures; None for each end of an epoch. The
            last step is always drawn.
        title: What stands above each picture, with its step.
        log: A `RunLog`, before this one in the list, whose TensorBoard shows the
            pictures too; or None.

    Raises:
        ValueError: If `every` is below 1.

    Example:
        >>> from kerassl.data import digits
        >>> SampleGrid("pictures", digits().fetch([0, 1]), every=100).every
        100
    """

    def __init__(
        self, folder, inputs, *, every: int | None = None, title="Outputs", log=None
    ):
        super().__init__(every=every)
        self.folder = Path(folder)
        self.inputs = inputs
        self.title = title
        self.log = log
        self._drawn_step = None

    def on_train_begin(self, logs=None):
        """Draws the untrained task."""
        super().on_train_begin(logs)
        if self.step == 0:
            self.measure()

    def on_train_end(self, logs=None):
        """Draws the trained task."""
        if self._drawn_step != self.step:
            self.measure()
        super().on_train_end(logs)

    def measure(self):
        """Saves a picture; there are no measures."""
        self._drawn_step = self.step
        figure = self.model.draw(self.inputs)
        # Every process draws, since they compute together; one writes.
        if figure is not None and distribute.is_chief(self.model):
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"step-{self.step:08d}.png"
            pictures.save(figure, path, f"{self.title} at step {self.step:,}")
            if self.log is not None:
                self.log.picture("pictures/outputs", path)
        return {}
