import keras
import numpy as np
import pytest
from toy import Corrupt, Restore, encoder

from kerassl.callbacks import EarlyStop
from kerassl.errors import UserError

X = np.random.default_rng(0).normal(size=(16, 6)).astype("float32")


class Told(keras.callbacks.Callback):
    """Puts given values into the logs, and keeps the weights of each epoch."""

    def __init__(self, values):
        super().__init__()
        self.values, self.weights = values, []

    def on_epoch_end(self, epoch, logs=None):
        logs["val_loss"] = self.values[epoch]
        self.weights.append(self.model.get_weights())


def trained(values, stop):
    task = Restore(encoder(), Corrupt())
    task.compile("adam", run_eagerly=True)
    told = Told(values)
    data = task.dataset(X, 8)
    task.fit(
        data,
        epochs=len(values),
        steps_per_epoch=2,
        callbacks=[told, stop],
        verbose=0,
    )
    return task, told


def test_it_stops_and_gives_the_best_weights_back(tmp_path):
    stop = EarlyStop(2, best=tmp_path / "deeper" / "best.npz")
    task, told = trained([3.0, 1.0, 2.0, 1.0, 0.5], stop)
    assert (stop.stopped_step, stop.least_step, stop.least) == (8, 4, 1.0)
    assert len(told.weights) == 4
    stop.restore_best()
    for a, b in zip(task.get_weights(), told.weights[1], strict=True):
        np.testing.assert_array_equal(a, b)
    assert stop.reason == (
        "val_loss had not improved for 2 lines of the history, since 1 at step 4"
    )


def test_what_improves_goes_on():
    stop = EarlyStop(1)
    _, told = trained([3.0, 2.0, 1.0], stop)
    assert len(told.weights) == 3 and stop.stopped_step is None


def test_it_follows_from_the_rows_before():
    rows = [{"step": 2, "val_loss": 1.0}, {"step": 4, "val_loss": 2.0}]
    assert EarlyStop(2, rows=rows, start=4).stopped_step is None
    assert EarlyStop(1, rows=rows, start=4).stopped_step == 4
    nan = [*rows[:1], {"step": 4, "val_loss": float("nan")}]
    assert EarlyStop(1, rows=nan, start=4).stopped_step == 4


@pytest.mark.parametrize("patience", [0, -1, 1.5, "two", True, None])
def test_patience_is_a_count(patience):
    with pytest.raises(UserError, match="`patience` must be an integer >= 1"):
        EarlyStop(patience)


def test_logs_without_the_value_are_told():
    with pytest.raises(UserError, match=r"watches 'val_loss'.*'loss'"):
        EarlyStop(1, rows=[{"step": 1, "loss": 1.0}])
