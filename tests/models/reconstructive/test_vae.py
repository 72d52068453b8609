import math

import keras
import numpy as np
import pytest

from kerassl.data import digits
from kerassl.encoders import conv, dense, mirror
from kerassl.models import VAE
from kerassl.pretext import ExampleAndNoise


def tiny(code=4, **options):
    encoder = dense((8, 8, 1), (16, code), linear_features=True)
    return VAE(encoder, ExampleAndNoise(code), **options)


def batch(task, count=32):
    x, y = task.pretext(digits().fetch(np.arange(count)), (3, 4))
    return {name: np.array(value) for name, value in x.items()}, np.array(y)


def parts(task, x, y):
    """Returns cross-entropies (batch,) and divergences (batch, code), by hand."""
    outputs = {k: np.array(v, "float64") for k, v in task(x).items()}
    p = 1 / (1 + np.exp(-outputs["logits"]))
    cross = -(y * np.log(p) + (1 - y) * np.log(1 - p)).reshape(len(y), -1).sum(axis=1)
    mean, variance = outputs["mean"], np.exp(outputs["log_variance"])
    return cross, 0.5 * (mean**2 + variance - 1 - np.log(variance))


def noisy(task):
    """Gives the head of the variance weights that are not zero."""
    head = task.variance_head
    random = np.random.default_rng(0)
    head.kernel.assign(random.normal(size=head.kernel.shape))
    return task


@pytest.mark.parametrize(("beta", "free_bits"), [(1.0, 0.0), (4.0, 0.0), (0.5, 1.0)])
def test_loss_is_that_of_the_written_formula(beta, free_bits):
    task = noisy(tiny(beta=beta, free_bits=free_bits))
    x, y = batch(task)
    cross, divergence = parts(task, x, y)
    cost = np.maximum(divergence.mean(axis=0), free_bits).sum()
    found = task.values_of((x, y))
    np.testing.assert_allclose(found["loss"], cross.mean() + beta * cost, rtol=1e-4)
    np.testing.assert_allclose(found["cross_entropy"], cross.mean(), rtol=1e-4)
    total = divergence.sum(axis=1).mean()
    np.testing.assert_allclose(found["divergence"], total, rtol=1e-4)
    bits = (cross.mean() + total) / math.log(2) / 64
    np.testing.assert_allclose(found["bits_per_number"], bits, rtol=1e-4)
    mean = np.clip(y.mean(axis=0), 1e-7, 1 - 1e-7).astype("float64")
    guess = -(mean * np.log(mean) + (1 - mean) * np.log(1 - mean)).sum()
    np.testing.assert_allclose(found["pixel_means"], guess, rtol=1e-4)
    error = -(y * np.log(mean) + (1 - y) * np.log(1 - mean)).sum() / 32
    np.testing.assert_allclose(found["pixel_means"], error, rtol=1e-4)


def test_the_code_is_mean_plus_deviation_times_noise():
    task = noisy(tiny())
    x, _ = batch(task)
    outputs = task(x)
    code = outputs["mean"] + np.exp(outputs["log_variance"] / 2) * x["noise"]
    np.testing.assert_allclose(outputs["logits"], task.decoder(code), rtol=1e-4)
    np.testing.assert_allclose(outputs["mean"], task.encoder(x["example"]), rtol=1e-5)
    features = task.features(x["example"])
    np.testing.assert_allclose(features, outputs["mean"], rtol=1e-5)


def test_it_begins_with_the_variance_of_the_standard_code():
    task = tiny()
    x, _ = batch(task)
    assert not np.array(task(x)["log_variance"]).any()


def test_a_wild_variance_is_clipped():
    task = tiny()
    task.variance_head.bias.assign(np.full(4, 1e4))
    x, y = batch(task)
    assert np.isfinite(list(task.values_of((x, y)).values())).all()


def test_a_code_that_tells_nothing_costs_nothing_or_the_free_bits():
    for free_bits in (0.0, 0.25):
        task = tiny(free_bits=free_bits)
        last = task.encoder.layers[-1]
        last.kernel.assign(np.zeros(last.kernel.shape))
        x, y = batch(task)
        found = task.values_of((x, y))
        assert found["divergence"] == 0
        gained = found["loss"] - found["cross_entropy"]
        assert gained == pytest.approx(4 * free_bits, abs=1e-4)


def test_learns_digits_better_than_the_mean_of_each_pixel_and_draws_new_ones():
    task = VAE(dense((8, 8, 1), (64, 8), linear_features=True), ExampleAndNoise(8))
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 64)
    history = task.fit(data, epochs=25, verbose=0).history
    assert history["loss"][-1] < history["pixel_means"][-1] - 1
    assert history["divergence"][-1] > 2  # the code has not been given up
    x = task.pretext.prepare(digits("test").fetch(np.arange(300))).numpy()
    spread = ((x.mean(axis=0) - x) ** 2).mean()
    assert ((task.restore(x) - x) ** 2).mean() < 0.6 * spread
    drawn = task.sample(300, seed=1)
    assert drawn.shape == x.shape and 0 <= drawn.min() and drawn.max() <= 1
    np.testing.assert_array_equal(drawn, task.sample(300, seed=1))
    # Not one image for all codes, and like the digits where these are alike.
    assert ((drawn.mean(axis=0) - drawn) ** 2).mean() > 0.3 * spread
    assert np.corrcoef(drawn.mean(axis=0).ravel(), x.mean(axis=0).ravel())[0, 1] > 0.9
    titles = [ax.get_title(loc="left") for ax in task.draw(digits().fetch([0, 1])).axes]
    assert titles == ["original", "restored", "drawn"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VAE(dense((8, 8, 1), (4,))), "`encoder` must end in .*Dense"),
        (lambda: VAE(conv((8, 8, 1), (4,))), "`encoder` must end in"),
        (lambda: tiny(beta=0.0), "`beta` must"),
        (lambda: tiny(free_bits=-1.0), "`free_bits` must"),
        (lambda: tiny(decoder=mirror(dense(8, (3,)))), "`decoder` must take"),
        (
            lambda: VAE(dense(8, (3,), linear_features=True), ExampleAndNoise(4)),
            "`pretext` must draw .* 3. Received: noise_dim=4",
        ),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
