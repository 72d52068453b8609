import inspect

import keras
import numpy as np
import pytest
from digit_views import batch, digit_views, features_of, few_label_accuracy

from kerassl.data import digits
from kerassl.encoders.resnet import resnet
from kerassl.metrics.geometry import effective_rank
from kerassl.models.redundancy.vicreg import VICReg


def tiny(widths=(8,), jit_compile=False, **arguments):
    encoder = resnet((8, 8, 1), (1,) * len(widths), widths)
    sizes = {"projection_dim": 12, "hidden_dims": (10,)}
    return VICReg(
        encoder, digit_views(jit_compile=jit_compile), **{**sizes, **arguments}
    )


def logs_of(task, x):
    task.compile("sgd")
    return task.evaluate(x, batch_size=16, verbose=0, return_dict=True)


def test_loss_is_that_of_the_written_formula():
    task = tiny(invariance_weight=3.0, variance_weight=5.0, covariance_weight=7.0)
    x = batch(task)
    logs = logs_of(task, x)
    z1, z2 = task.predict(x, verbose=0)
    invariance = ((z1 - z2) ** 2).mean()
    variance = covariance = 0.0
    for z in (z1, z2):
        c = np.cov(z, rowvar=False)
        variance += np.maximum(0, 1 - np.sqrt(np.diag(c) + 1e-4)).mean() / 2
        covariance += ((c**2).sum() - (np.diag(c) ** 2).sum()) / 12
    loss = 3 * invariance + 5 * variance + 7 * covariance
    for name, value in {
        "invariance": invariance,
        "variance": variance,
        "loss": loss,
    }.items():
        np.testing.assert_allclose(logs[name], value, rtol=1e-4)


def test_collapsed_embeddings_have_the_loss_of_no_variance():
    task = tiny()
    task.expander.stack[-1].kernel.assign(np.zeros((10, 12)))
    logs = logs_of(task, batch(task))
    # 1 - sqrt(1e-4), and no other term.
    np.testing.assert_allclose(logs["loss"], 25 * 0.99, rtol=1e-6)
    np.testing.assert_allclose(logs["variance"], 0.99, rtol=1e-6)
    assert logs["invariance"] == 0


def test_a_view_does_not_reach_the_embedding_of_the_other():
    task = tiny()
    x = batch(task)
    first = task.predict(x, verbose=0)[0]
    other = task.predict({**x, "view2": 1 - x["view2"]}, verbose=0)
    np.testing.assert_array_equal(other[0], first)
    assert not np.allclose(other[1], task.predict(x, verbose=0)[1])


def test_defaults_are_the_papers():
    # Read, not built: three layers of 8192 units take a gigabyte.
    names = inspect.signature(VICReg).parameters
    dims = [names[name].default for name in ("hidden_dims", "projection_dim")]
    assert dims == [(8192, 8192), 8192]
    terms = ("invariance", "variance", "covariance")
    weights = [names[f"{term}_weight"].default for term in terms]
    assert weights == [25, 25, 1]


@pytest.mark.parametrize(
    "argument, value",
    [
        ("projection_dim", 0),
        ("hidden_dims", (8, 0)),
        ("invariance_weight", -1),
        ("variance_weight", float("nan")),
        ("covariance_weight", "1"),
    ],
)
def test_errors(argument, value):
    with pytest.raises((ValueError, TypeError), match=f"`{argument}` must"):
        tiny(**{argument: value})


@pytest.mark.quality
def test_learns_features_of_digits_that_beat_random_ones():
    task = tiny((16, 32), jit_compile=True, projection_dim=128, hidden_dims=(128,))
    before = few_label_accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 128, seed=0)
    history = task.fit(data, steps_per_epoch=40, epochs=3, verbose=0).history
    assert history["loss"][-1] < 25 * 0.99  # the loss of a collapse
    assert few_label_accuracy(task) > before + 0.2
    assert effective_rank(features_of(task, digits("test"))) > 5
