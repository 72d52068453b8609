import keras
import numpy as np
import pytest

from kerassl.data import digits
from kerassl.encoders import conv
from kerassl.models import VQVAE
from kerassl.pretext import Reconstruct


def tiny(width=8, dim=4, **options):
    encoder = conv((8, 8, 1), (width,), dim, grid=True)
    return VQVAE(encoder, Reconstruct(), **{"num_codes": 16, **options})


def images(task, count=64):
    return task.pretext.prepare(digits("test").fetch(np.arange(count))).numpy()


def test_loss_and_measures_are_those_of_the_written_formulas():
    task = tiny(commitment_weight=0.5)
    x = images(task)
    found, outputs = task.values_of((x, x)), task(x)
    numbers, features = (np.array(outputs[k]) for k in ("numbers", "features"))
    codes = np.array(task.quantizer.codes)[numbers]
    p = 1 / (1 + np.exp(-np.array(task.decoder(codes), "float64")))
    error = -(x * np.log(p) + (1 - x) * np.log(1 - p)).mean()
    commitment = ((features - codes) ** 2).mean()
    np.testing.assert_allclose(found["loss"], error + 0.5 * commitment, rtol=1e-4)
    np.testing.assert_allclose(found["commitment"], commitment, rtol=1e-4)
    shares = np.bincount(numbers.ravel(), minlength=16) / numbers.size
    shares = shares[shares > 0]
    perplexity = np.exp(-(shares * np.log(shares)).sum())
    np.testing.assert_allclose(found["perplexity"], perplexity, rtol=1e-4)
    np.testing.assert_array_equal(task.tokens(x), numbers)
    assert numbers.shape == (64, 4, 4)


def test_a_collapsed_book_has_perplexity_1():
    task = tiny()
    task.quantizer.codes.assign(np.ones((16, 4)))
    x = images(task)
    assert task.values_of((x, x))["perplexity"] == pytest.approx(1)


def test_what_is_between_two_examples_is_made_of_codes():
    task = tiny()
    seen = []
    decoder = task.decoder.predict
    task.decoder.predict = lambda x, **options: seen.append(x) or decoder(x, **options)
    assert task.sample(digits("test"), count=5).shape == (5, 8, 8, 1)
    book = {tuple(code) for code in np.array(task.quantizer.codes).round(5)}
    assert {tuple(code) for code in seen[0].reshape(-1, 4).round(5)} <= book


def test_learns_digits_with_many_codes():
    task = tiny(32, 8, num_codes=32)
    task.compile(keras.optimizers.Adam(3e-3))
    history = task.fit(task.dataset(digits(), 64), epochs=15, verbose=0).history
    x = images(task, 300)
    spread = ((x.mean(axis=0) - x) ** 2).mean()
    assert ((task.reconstruct(x) - x) ** 2).mean() < 0.5 * spread
    assert history["perplexity"][-1] > 16


@pytest.mark.parametrize(
    "options",
    [
        {"num_codes": 0},
        {"commitment_weight": -1.0},
        {"decay": 1.0},
        {"restart": -1.0},
    ],
)
def test_errors(options):
    with pytest.raises(ValueError, match=f"`{next(iter(options))}` must"):
        tiny(**options)
