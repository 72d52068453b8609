import warnings

import keras
import numpy as np
import pytest

from kerassl import distribute
from kerassl.callbacks import (
    CollapseMonitor,
    OnlineProbe,
    StopOnNaN,
    TrainingDiverged,
)

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = (X[:, 0] > 0).astype(int)


class Toy(keras.Sequential):
    """A model with `features`, as a pretext model has."""

    def features(self, x):
        return self.predict(x, verbose=0)


def toy(rate=0.0, collapsed=False):
    model = Toy([keras.Input((4,)), keras.layers.Dense(4)])
    kernel = np.zeros((4, 4)) if collapsed else np.eye(4)
    model.layers[0].set_weights([kernel, np.full(4, float(collapsed))])
    model.compile(keras.optimizers.SGD(rate), "mse")
    return model


def fit(model, callback, epochs=2):
    return model.fit(
        X, X, batch_size=16, epochs=epochs, callbacks=[callback], verbose=0
    ).history


def test_measures_join_the_history(tmp_path):
    monitor = CollapseMonitor(X, positives=X, every=3, log_dir=tmp_path)
    history = fit(toy(), monitor)
    assert history["alignment"] == pytest.approx([0, 0], abs=1e-6)
    assert 3 < history["effective_rank"][-1] <= 4.01
    assert monitor.step == 8
    assert list(tmp_path.glob("events*"))


def test_steps_that_run_at_once_are_all_counted():
    model, measured = toy(), []
    model.compile(keras.optimizers.SGD(0.1), "mse", steps_per_execution=4)
    monitor = CollapseMonitor(X, every=3)
    monitor.measure = lambda: measured.append(monitor.step) or {}
    model.fit(X, X, batch_size=4, epochs=1, callbacks=[monitor], verbose=0)
    assert monitor.step == 16
    assert measured == [4, 8, 12, 16]


def test_a_later_fit_counts_on_where_gradients_accumulate():
    model = toy()
    accumulating = keras.optimizers.SGD(0.1, gradient_accumulation_steps=3)
    for optimizer in (accumulating, keras.optimizers.LossScaleOptimizer(accumulating)):
        model.compile(optimizer, "mse")
        before = distribute.steps_done(model)
        fit(model, CollapseMonitor(X), epochs=1)
        again = CollapseMonitor(X)
        fit(model, again, epochs=1)
        assert again.step == before + 8


def test_each_epoch_is_the_default():
    history = fit(toy(), CollapseMonitor(X), epochs=3)
    assert len(history["embedding_std"]) == 3


def test_healthy_features_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(toy(), CollapseMonitor(X), epochs=3)


def test_collapse_warns_once_and_says_what_to_do():
    with pytest.warns(UserWarning, match="collapse at step.*learning rate") as found:
        fit(toy(collapsed=True), CollapseMonitor(X), epochs=4)
    assert len(found) == 1


def test_every_is_checked():
    with pytest.raises(ValueError, match="`every`.*0"):
        CollapseMonitor(X, every=0)


def test_probe_sees_what_the_features_hold():
    probe = OnlineProbe((X[:48], Y[:48]), (X[48:], Y[48:]), k=5)
    good = fit(toy(), probe)["val_probe_accuracy"][-1]
    probe = OnlineProbe((X[:48], Y[:48]), (X[48:], 1 - Y[48:]), k=5)
    wrong = fit(toy(), probe)["val_probe_accuracy"][-1]
    assert good > 0.8 and wrong == pytest.approx(1 - good)


def test_nan_stops_with_the_step_and_the_last_checkpoint(tmp_path):
    (tmp_path / "step-2.npz").write_bytes(b"")
    (tmp_path / "step-12.npz").write_bytes(b"")
    x = X.copy()
    x[40] = np.nan  # in the third batch of 16
    with pytest.raises(TrainingDiverged, match="nan at step 3.*step-12") as found:
        toy().fit(x, X, 16, shuffle=False, callbacks=[StopOnNaN(tmp_path)], verbose=0)
    assert found.value.step == 3
    assert found.value.checkpoint.name == "step-12.npz"


def test_nan_without_a_checkpoint():
    with pytest.raises(TrainingDiverged, match="no checkpoint"):
        toy().fit(X * np.nan, X, callbacks=[StopOnNaN()], verbose=0)


def test_steps_are_counted_on_two_replicas(two_replicas):
    with two_replicas.scope():
        model = toy()
        monitor = CollapseMonitor(X)
        stop = StopOnNaN()
        model.fit(X, X, batch_size=16, callbacks=[monitor, stop], verbose=0)
        fit(model, monitor, epochs=1)
    assert (monitor.step, stop.step) == (8, 4)
