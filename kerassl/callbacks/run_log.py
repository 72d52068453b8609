"""The losses of a run, in a file that people and programs read."""

import json
import time
from pathlib import Path

from kerassl.callbacks.events import drop_events, write_picture
from kerassl.callbacks.steps import StepCounter
from kerassl.errors import InvalidValue


class RunLog(StepCounter):
    """Writes one line of JSON an epoch, and TensorBoard scalars.

    Each line holds the step, the mean loss and measures since the line
    before, the seconds spent and the examples a second.

    Args:
        path: The `.jsonl` file. Lines of steps after `start` are removed: they
            come from a run that was killed and will be made again.
        batch_size: Examples in a batch, over all replicas.
        start: The step at which this `fit` starts.
        tensorboard: Folder for TensorBoard's event files, or None. What is there of
            steps after `start` is removed too.

    Attributes:
        rows: The lines so far, as dicts.
    """

    def __init__(self, path, *, batch_size, start=0, tensorboard=None):
        super().__init__(start)
        self.path = Path(path)
        self.batch_size = batch_size
        self.tensorboard = tensorboard
        self.rows = [r for r in read_log(self.path) if r["step"] <= start]
        self._writer = None

    def on_train_begin(self, logs=None):
        """Starts the file at the lines that stand."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("".join(json.dumps(row) + "\n" for row in self.rows))
        if self.tensorboard is not None:
            import tensorflow as tf

            drop_events(self.tensorboard, after=self.step)
            self._writer = tf.summary.create_file_writer(str(self.tensorboard))
        self._spent = self.rows[-1]["seconds"] if self.rows else 0.0
        self._begin = self._mark = time.monotonic()
        self._mark_step = self.step

    def on_epoch_end(self, epoch, logs=None):
        """Writes a line."""
        now = time.monotonic()
        steps = self.step - self._mark_step
        if steps == 0:
            return
        rate = steps * self.batch_size / max(now - self._mark, 1e-9)
        values = {name: float(value) for name, value in (logs or {}).items()}
        row = {
            "step": self.step,
            **values,
            "seconds": round(self._spent + now - self._begin, 3),
            "examples_per_second": round(rate, 1),
        }
        self.rows.append(row)
        with open(self.path, "a") as file:
            file.write(json.dumps(row) + "\n")
        self._mark, self._mark_step = now, self.step
        self._write_scalars(row)

    def picture(self, name, path):
        """Shows a picture of this step in TensorBoard.

        Args:
            name: What it is a picture of.
            path: The PNG file.
        """
        if self._writer is None:
            return
        with self._writer.as_default(step=self.step):
            write_picture(name, path)
        self._writer.flush()

    def _write_scalars(self, row):
        if self._writer is None:
            return
        import tensorflow as tf

        with self._writer.as_default(step=row["step"]):
            for name, value in row.items():
                if name not in ("step", "seconds"):
                    tf.summary.scalar(name, value)
        self._writer.flush()


def read_log(path):
    """Returns the lines of a `RunLog` file as dicts, [] where there is none.

    Args:
        path: The `.jsonl` file. A last line cut short by a kill is left out.

    Raises:
        ValueError: If the file is damaged.
    """
    path = Path(path)
    if not path.is_file():
        return []
    lines = path.read_bytes().splitlines()
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            row["step"], row["loss"], row["seconds"]
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            if number == len(lines):
                break
            raise InvalidValue(
                f"{path} is damaged in line {number}. Remove the folder of this run, "
                "or bring the file back."
            ) from error
        rows.append(row)
    return rows
