import math

import keras
import numpy as np
import pytest
from keras import ops

from kerassl.encoders import dense, plain_cnn
from kerassl.losses.color import color_cross_entropy, nearest_bins, rebalancing_weights
from kerassl.models.reconstructive.colorization import Colorization, smoothed
from kerassl.pretext import Colorize


def network(shape=(8, 8, 1)):
    return plain_cnn(shape, (8, 16), (1, 2))


def tiny(encoder=None, **arguments):
    layer = Colorize(8, None, flip_rate=0.0, jit_compile=False)
    arguments = {"hidden_dim": 8, "grid": 40, **arguments}
    return Colorization(encoder or network(), layer, **arguments)


def two_colours(count=32):
    """Returns images of dark red and of light blue, in halves."""
    random = np.random.default_rng(0)
    images = np.zeros((count, 8, 8, 3), "uint8")
    images[:] = (120, 10, 10)
    for image, start in zip(images, random.integers(2, 7, count), strict=True):
        image[:, start:] = (120, 180, 250)
    return images


def batch_of(task, images, size=16):
    return next(iter(task.dataset(images, size)))


def test_the_loss_is_that_of_the_written_formula():
    task, images = tiny(), two_colours()
    task.class_weights.assign(np.linspace(0.5, 2, len(task.bins)))
    images[3] = images[3, ..., :1]  # grey
    x, colors, weights = batch_of(task, images, 32)
    logits = task.predict(x, verbose=0)["logits"]
    mean = colors.numpy().reshape(32, 4, 2, 4, 2, 2).mean((2, 4))
    numbers, shares = nearest_bins(mean, task.bins)
    loss = ops.convert_to_numpy(color_cross_entropy(logits, numbers, shares))
    counts = np.asarray(task.class_weights)[np.asarray(numbers)[..., 0]]
    counts = counts * weights.numpy()[:, None, None]
    assert (weights.numpy() == 0).sum() == 1
    logs = task.values_of((x, colors, weights))
    np.testing.assert_allclose(logs["loss"], (loss * counts).sum() / counts.sum(), 1e-4)
    np.testing.assert_allclose(logs["colorful"], 31 / 32)
    grey = np.hypot(*np.moveaxis(mean, -1, 0))[weights.numpy() > 0].mean()
    np.testing.assert_allclose(logs["grey_error"], grey, rtol=1e-4)


def test_a_head_that_knows_nothing_has_the_loss_at_chance():
    task = tiny()
    last = task.head.layers[-1]
    last.kernel.assign(np.zeros(last.kernel.shape))
    logs = task.values_of(batch_of(task, two_colours()))
    assert task.loss_at_chance(16) == math.log(len(task.bins))
    np.testing.assert_allclose(logs["loss"], task.loss_at_chance(16), rtol=1e-5)


def test_fit_counts_the_colours_once():
    task, images = tiny(), two_colours()
    task.compile(keras.optimizers.SGD(0.0001))
    task.fit(images, batch_size=16, verbose=0)
    assert int(task.images_counted) == 32
    _, colors, _ = batch_of(task, images, 32)
    mean = colors.numpy().reshape(32, 4, 2, 4, 2, 2).mean((2, 4)).reshape(-1, 2)
    nearest = np.square(mean[:, None] - task.bins).sum(-1).argmin(-1)
    prior = np.bincount(nearest, minlength=len(task.bins)) / len(nearest)
    prior = smoothed(prior, task.bins, 5.0)
    np.testing.assert_allclose(task.prior, prior, atol=1e-5)
    np.testing.assert_allclose(
        task.class_weights, rebalancing_weights(prior), rtol=1e-3
    )
    task.fit(images[:, :, ::-1] // 2, batch_size=16, verbose=0)
    np.testing.assert_allclose(task.prior, prior, atol=1e-5)


def test_it_tells_the_colours_of_two_kinds_of_places():
    keras.utils.set_random_seed(0)
    task, images = tiny(grid=20), two_colours()
    task.compile(keras.optimizers.Adam(0.02))
    batches = task.dataset(images, 32)
    task.fit(batches, steps_per_epoch=60, verbose=0)
    logs = task.evaluate(batches, verbose=0, return_dict=True)
    assert logs["color_error"] < 0.5 * logs["grey_error"]
    assert logs["loss"] < logs["prior_loss"] < task.loss_at_chance(32)
    red, blue = task.colorize(images[:1])[0, 4, 0], task.colorize(images[:1])[0, 4, 7]
    assert red[0] > red[2] and blue[2] > blue[0]
    assert len(task.draw(images[:2]).axes) == 3


def test_what_the_encoder_has_above_the_map_is_left_alone():
    base = network()
    encoder = keras.Model(base.input, keras.layers.Dense(5)(base.output))
    task = tiny(encoder)
    above = encoder.layers[-1]
    assert not {id(v) for v in above.variables} & {
        id(v) for v in task.trainable_variables
    }


def test_round_trip_brings_the_counts(tmp_path):
    task, images = tiny(), two_colours()
    task.compile("adam")
    task.fit(images, batch_size=16, verbose=0)
    task.save(tmp_path / "task.keras")
    again = keras.models.load_model(tmp_path / "task.keras")
    x, *rest = batch_of(task, images)
    before, after = (each.predict(x, verbose=0) for each in (task, again))
    for name, values in before.items():
        np.testing.assert_allclose(after[name], values, rtol=1e-4, atol=1e-5)
    found = again.values_of((x, *rest)), task.values_of((x, *rest))
    np.testing.assert_allclose(found[0]["loss"], found[1]["loss"], rtol=1e-5)


def test_only_grey_images_are_refused():
    grey = two_colours()[..., :1].repeat(3, -1)
    task = tiny()
    task.compile("adam")
    with pytest.raises(ValueError, match="`examples` must leave Colorization"):
        task.fit(grey, batch_size=16, verbose=0)
    x, colors, weights = batch_of(task, two_colours())
    with pytest.raises(ValueError, match="^`x` must hold images with colours.* 16 "):
        task.count_colors([(x, colors, 0 * weights)])


def test_arrays_of_ready_batches_are_refused():
    task = tiny()
    task.compile("adam")
    x, colors, weights = batch_of(task, two_colours())
    with pytest.raises(ValueError, match="^`x` must be raw images"):
        task.fit(x, colors, sample_weight=weights, batch_size=16, verbose=0)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: tiny(hidden_dim=0), "`hidden_dim` must"),
        (lambda: tiny(grid=3), "`grid` must"),
        (lambda: tiny(neighbours=99), "`neighbours` must"),
        (lambda: tiny(sigma=0), "`sigma` must"),
        (lambda: tiny(uniform_share=0), "`uniform_share` must"),
        (lambda: tiny(temperature=0), "`temperature` must"),
        (lambda: tiny(dense((8, 8, 1), (4,))), "`encoder` must.*no layer"),
    ],
)
def test_wrong_arguments_are_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_map_that_does_not_divide_the_image_is_told():
    task = tiny(plain_cnn((8, 8, 1), (4, 4), (3, 1)))
    with pytest.raises(ValueError, match="^`encoder` must have a last map.* 3 x 3"):
        task.values_of(batch_of(task, two_colours()))
