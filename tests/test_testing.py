"""The shared checks pass a sound task and catch a broken one."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from toy import Corrupt, Restore, encoder

from kerassl import testing
from kerassl.distribute import all_sum, num_replicas

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
    with pytest.raises(AssertionError):
        testing.check_replicas(of(LocalMean), X, batch_size=16, strategy=two_replicas)


def test_another_loss_on_one_device_under_a_strategy_is_caught():
    with pytest.raises(AssertionError):
        testing.check_replicas(of(Alone), X, batch_size=16, strategy="cpu:1")


def test_what_a_graph_of_replicas_forbids_is_caught(two_replicas):
    with pytest.raises(RuntimeError, match="merge_call"):
        testing.check_replicas(of(Conditional), X, batch_size=16, strategy=two_replicas)


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


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Scaled(Restore):
    """Multiplies its loss by a number that a subclass chooses."""

    def objective(self, x, y, outputs, training):
        y, weights = y
        errors = ops.mean(ops.square(outputs - y), axis=-1)
        return {"error": (errors * self.factor(outputs), weights)}


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Infinite(Scaled):
    """Divides by zero."""

    def factor(self, outputs):
        return 1.0 / ops.zeros(())


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Counting(Scaled):
    """Counts its steps in Python, where no checkpoint finds them."""

    steps = 0

    def factor(self, outputs):
        self.steps += 1
        return float(self.steps)


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Coarse(Scaled):
    """Computes in the encoder's precision what bfloat16 has no digits for."""

    def factor(self, outputs):
        dtype = self.encoder.layers[-1].compute_dtype
        return ops.cast(ops.cast(1000.0, dtype) + ops.cast(1.0, dtype), "float32") - 999


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Untracked(Restore):
    """Promises a measure that it does not make."""

    tracked = ("error",)

    def get_metrics_result(self):
        return {"loss": super().get_metrics_result()["loss"]}


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Unsaved(Restore):
    """Keeps its state where Keras does not save it."""

    def save_own_variables(self, store):
        pass

    def load_own_variables(self, store):
        pass


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Alone(Scaled):
    """Counts its loss twice under a strategy of one device."""

    def factor(self, outputs):
        alone = num_replicas() == 1
        mirrored = isinstance(self.distribute_strategy, tf.distribute.MirroredStrategy)
        return 2.0 if alone and mirrored else 1.0


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Conditional(Scaled):
    """Asks the other replicas inside a condition, which a graph forbids."""

    def factor(self, outputs):
        one = ops.ones(())
        return ops.cond(ops.sum(outputs) < 1e9, lambda: all_sum(one), lambda: one)


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Restless(Corrupt):
    """Draws what no seed decides."""

    def call(self, inputs, seed):
        x, y, weight = super().call(inputs, seed)
        return x + tf.random.uniform(tf.shape(x)), y, weight


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Lossy(Corrupt):
    """Leaves a number out of its configuration."""

    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def get_config(self):
        return {k: v for k, v in super().get_config().items() if k != "factor"}

    def call(self, inputs, seed):
        x, y, weight = super().call(inputs, seed)
        return self.factor * x, y, weight


def of(cls, pretext=Corrupt, **arguments):
    return lambda dtype: cls(encoder(dtype=dtype), pretext(), **arguments)


def always_float32(dtype):
    return Restore(encoder(), Corrupt())


@pytest.mark.parametrize(
    "broken, message",
    [
        (of(Forgetful, width=3), "shapes"),
        (of(Shiftless), "not trained.*shift"),
        (of(Infinite), "inf|nan"),
        (of(Untracked), "must be loss, error"),
        (of(Counting), "graph and eager"),
        (of(Unsaved), "center"),
        (of(Coarse), "tolerance"),
        (always_float32, "float32"),
        (of(Restore, Restless), "another batch"),
        (of(Restore, lambda: Lossy(2.0)), "another batch"),
    ],
    ids=[
        *("forgotten argument", "idle weight", "infinite loss", "missing measure"),
        *("state in a graph", "unsaved state", "low precision", "fixed precision"),
        *("unseeded data", "forgotten argument of the data"),
    ],
)
def test_a_broken_task_is_caught(broken, message, tmp_path):
    with pytest.raises(AssertionError, match=message):
        testing.check_task(broken, X, batch_size=16, folder=tmp_path)


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Balanced(Restore):
    """Has values of both signs, whose mean is 0 but for `shift`."""

    def __init__(self, encoder, pretext=None, *, shift=0.0, name=None, **kwargs):
        super().__init__(encoder, pretext, name=name, **kwargs)
        self.shift = shift

    def objective(self, x, y, outputs, training):
        errors = ops.mean(ops.square(outputs - y[0]), axis=-1)
        return {"error": errors - ops.mean(errors) + self.shift}


@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_losses_near_0_are_compared_by_the_size_of_what_they_average(shift):
    task = of(Balanced, shift=shift)("float32")
    batches = testing.batches_of(task, X, batch_size=16, steps=1)
    size = testing._size_of_values(task, batches)
    assert 0.2 < size < 5  # of the errors' distances from their mean
    compared = {"task": task, "batches": batches, "rtol": 1e-3}
    expected = [shift, shift]
    near = [shift + 0.9e-3 * size, shift - 0.9e-3 * size]
    testing.assert_near_losses(near, expected, **compared)
    for far in (1.2e-3 * size, -1.2e-3 * size, np.nan, np.inf):
        with pytest.raises(AssertionError, match="here: .*tolerance of 0.001"):
            testing.assert_near_losses(
                [shift, shift + far], expected, message="here", **compared
            )


def test_a_loss_of_one_sign_is_compared_with_itself():
    task = make("float32")
    batches = testing.batches_of(task, X, batch_size=16, steps=1)
    (loss,) = (task.values_of(batches.arrays[0])["loss"],)
    assert testing._size_of_values(task, batches) == pytest.approx(loss)


def test_state_that_no_checkpoint_holds_is_caught(tmp_path):
    for check in (testing.check_saving, testing.check_checkpoint):
        with pytest.raises(AssertionError, match="kernel|bias"):
            check(of(Counting), X, batch_size=16, folder=tmp_path)


def test_a_weight_without_a_gradient_may_be_named():
    testing.check_fit(of(Shiftless), X, batch_size=16, unmoved=["shift"])


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
