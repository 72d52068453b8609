"""The shared checks pass a sound task and catch a broken one."""

import keras
import numpy as np
import pytest
from keras import ops
from toy import Corrupt, Restore, encoder

from kerassl import testing

X = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")


def make(dtype):
    return Restore(encoder(dtype=dtype), Corrupt())


@keras.saving.register_keras_serializable(package="kerassl_tests")
class LocalMean(Restore):
    """Forgets that the batch is cut into replicas."""

    def objective(self, x, y, outputs, training):
        y, _ = y
        mean = ops.mean(outputs, axis=0, keepdims=True)
        return {"error": ops.mean(ops.square(outputs - mean - y), axis=-1)}


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Forgetful(Restore):
    """Leaves an argument out of its configuration."""

    def __init__(self, encoder, pretext=None, *, width=1, name=None, **kwargs):
        super().__init__(encoder, pretext, name=name, **kwargs)
        self.extra = self.add_weight(shape=(width,), trainable=False)


def test_a_sound_task_passes(tmp_path):
    testing.check_task(make, X, batch_size=16, folder=tmp_path)


def test_replicas(two_replicas):
    testing.check_replicas(make, X, batch_size=16, strategy=two_replicas)


def test_a_loss_of_local_statistics_is_caught(two_replicas):
    def broken(dtype):
        return LocalMean(encoder(dtype=dtype), Corrupt())

    with pytest.raises(AssertionError):
        testing.check_replicas(broken, X, batch_size=16, strategy=two_replicas)


def test_a_forgotten_argument_is_caught():
    with pytest.raises(AssertionError):
        testing.check_config(
            lambda dtype: Forgetful(encoder(dtype=dtype), Corrupt(), width=3)
        )


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Shiftless(Restore):
    """Adds a bias to everything that its loss compares."""

    def __init__(self, encoder, pretext=None, *, name=None, **kwargs):
        super().__init__(encoder, pretext, name=name, **kwargs)
        self.shift = self.add_weight(name="shift", initializer="zeros")

    def objective(self, x, y, outputs, training):
        y, weights = y
        moved, target = outputs + self.shift, y + self.shift
        errors = ops.mean(ops.square(moved - target), axis=-1)
        return {"error": (errors, weights)}


def test_a_weight_that_does_not_move_is_caught():
    def broken(dtype):
        return Shiftless(encoder(dtype=dtype), Corrupt())

    with pytest.raises(AssertionError, match="not trained.*shift"):
        testing.check_fit(broken, X, batch_size=16)
    testing.check_fit(broken, X, batch_size=16, unmoved=["shift"])


def sound():
    """A task for another process."""
    return make, X, 16


def unsound():
    """One that cannot be made."""
    return lambda dtype: missing, X, 16  # noqa: F821


def test_the_task_that_fails_in_another_process_is_named():
    names = [f"{__file__}:sound", f"{__file__}:unsound"]
    with pytest.raises(AssertionError, match="unsound failed on tensorflow(.|\n)*Name"):
        testing.losses_of_each_on("tensorflow", names)
