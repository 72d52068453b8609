import keras
import numpy as np
import pytest
from digit_views import (
    batch,
    digit_views,
    features_of,
    few_label_accuracy,
    train_step,
    unit_rows,
)

from kerassl.data import digits
from kerassl.encoders.resnet import resnet
from kerassl.metrics import effective_rank
from kerassl.models.distillation.simsiam import SimSiam


def tiny(widths=(8, 12), jit_compile=False, **arguments):
    encoder = resnet((8, 8, 1), (1,) * len(widths), widths)
    sizes = {"projection_dim": 16, "hidden_dims": (16,), "predictor_dim": 4}
    return SimSiam(encoder, digit_views(jit_compile=jit_compile), **sizes | arguments)


def loss_of(task, x):
    task.compile("sgd")
    return task.evaluate(x, batch_size=16, verbose=0)


def test_loss_is_that_of_the_written_formula():
    task = tiny()
    x = batch(task)
    z = [task.projector(task.encoder(x[view])) for view in task.views]
    p = [unit_rows(task.predictor(each).numpy()) for each in z]
    z = [unit_rows(each.numpy()) for each in z]
    expected = -np.mean(np.sum(p[0] * z[1] + p[1] * z[0], axis=1)) / 2
    np.testing.assert_allclose(loss_of(task, x), expected, rtol=1e-4, atol=1e-6)


def test_the_first_loss_is_that_at_chance():
    keras.utils.set_random_seed(0)
    task = tiny(projection_dim=256, predictor_dim=64)
    task.compile(keras.optimizers.SGD(0.0))
    x = batch(task, 64)
    loss = task.fit(x, batch_size=64, verbose=0).history["loss"][0]
    assert task.loss_at_chance(64) == 0
    # A prediction's cosine with a vector that it knows nothing of.
    assert abs(loss) < 3 / np.sqrt(256)


def test_a_collapse_has_the_best_loss():
    task = tiny()
    x = batch(task)
    same = {view: np.repeat(image[:1], 16, axis=0) for view, image in x.items()}
    same["view2"] = same["view1"]
    z = task.projector(task.encoder(same["view1"])).numpy()
    last = task.predictor.stack[-1]
    last.kernel.assign(np.zeros(last.kernel.shape))
    last.bias.assign(z[0])
    np.testing.assert_allclose(loss_of(task, same), -1, rtol=1e-5)


def test_a_view_reaches_no_prediction_of_the_other():
    task = tiny()
    x = batch(task)
    before = task(x, training=True)
    after = task({**x, "view2": 0.5 * x["view2"]}, training=True)
    changed = [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert changed == [False, True, False, True]


def test_gradient_passes_through_predictions_alone():
    """With the predictor held at zero no gradient reaches encoder and projector."""
    task = tiny()
    task.predictor.stack[-1].kernel.assign(np.zeros((4, 16)))
    task.predictor.stack[-1].bias.assign(np.ones(16))
    task.compile(keras.optimizers.SGD(1.0))
    network = task._network.trainable_variables
    before = [v.numpy() for v in network]
    train_step(task, batch(task))
    for value, variable in zip(before, network, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value, variable.path)
    assert np.abs(task.predictor.stack[-1].bias.numpy() - 1).max() > 1e-3


def test_the_last_normalisation_has_no_weights():
    task = tiny()
    last = task.projector.stack[-1]
    assert isinstance(last, keras.layers.BatchNormalization)
    assert not last.scale and not last.center
    assert not task.projector.stack[-2].use_bias
    assert task.predictor.stack[-1].use_bias and not task.predictor.stack[0].use_bias


@pytest.mark.parametrize("argument", ["projection_dim", "hidden_dims", "predictor_dim"])
def test_errors(argument):
    value = (0,) if argument == "hidden_dims" else 0
    with pytest.raises(ValueError, match=f"`{argument}` must.*{argument}=0"):
        tiny(**{argument: value})


@pytest.mark.quality
def test_learns_features_of_digits_that_beat_random_ones():
    task = tiny((16, 32), True, projection_dim=64, hidden_dims=(128,), predictor_dim=32)
    before = few_label_accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 128, seed=0)
    history = task.fit(data, epochs=2, steps_per_epoch=60, verbose=0).history
    assert history["loss"][-1] < -0.5
    assert few_label_accuracy(task) > before + 0.1
    assert effective_rank(features_of(task, digits("test"))) > 5
