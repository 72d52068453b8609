import math

import numpy as np
import pytest
import tensorflow as tf

from kerassl.layers.dino_head import DINOHead


def features(count=6, dim=5):
    return np.random.default_rng(0).normal(size=(count, dim)).astype("float32")


def made(**options):
    sizes = {"output_dim": 9, "hidden_dims": (8, 7), "bottleneck_dim": 4, **options}
    return DINOHead(**sizes)


def gelu(x):
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def unit(x, axis):
    return x / np.linalg.norm(x, axis=axis, keepdims=True)


def test_gives_the_cosines_of_the_written_formula():
    head, h = made(), features()
    found = np.array(head(h))
    for i, layer in enumerate(head.stack):
        kernel, bias = map(np.array, layer.weights)
        h = h @ kernel + bias
        h = gelu(h) if i < 2 else h
    expected = unit(h, -1) @ unit(np.array(head.directions), 0)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_lengths_do_not_matter():
    head, h = made(), features()
    before = np.array(head(h))
    head.directions.assign(np.array(head.directions) * np.arange(1.0, 10.0))
    np.testing.assert_allclose(head(h), before, rtol=1e-4, atol=1e-6)


def test_frozen_directions_get_no_gradient_and_the_others_theirs():
    head, h = made(), features()
    head(h)

    def gradients(frozen):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(head(h, frozen=tf.constant(frozen)) ** 3)
        found = tape.gradient(loss, [v.value for v in head.trainable_variables])
        return {
            v.path: np.array(g)
            for v, g in zip(head.trainable_variables, found, strict=True)
        }

    free, frozen = gradients(False), gradients(True)
    for path, gradient in free.items():
        assert np.abs(gradient).max() > 0, path
        expected = 0 * gradient if path.endswith("directions") else gradient
        np.testing.assert_allclose(frozen[path], expected, rtol=1e-5)


def test_takes_tokens_and_half_precision():
    head = made(dtype="mixed_bfloat16")
    cosines = head(np.random.default_rng(0).normal(size=(2, 3, 5)))
    assert cosines.dtype == "float32" and cosines.shape == (2, 3, 9)
    assert {v.dtype for v in head.variables} == {"float32"}
    assert np.abs(np.array(cosines, "float32")).max() <= 1.01


def test_round_trip():
    head = made(name="head")
    assert DINOHead.from_config(head.get_config()).get_config() == head.get_config()
    assert head.compute_output_shape((None, 5)) == (None, 9)


@pytest.mark.parametrize(
    "name, value",
    [("output_dim", 0), ("bottleneck_dim", 2.5), ("hidden_dims", (8, 0))],
)
def test_errors(name, value):
    with pytest.raises(ValueError, match=f"`{name}` must"):
        made(**{name: value})


def test_cosines_are_not_rounded_to_half_precision():
    head, h = made(dtype="mixed_bfloat16"), features()
    bottleneck = tf.cast(h, "bfloat16")
    found = head(bottleneck)
    for layer in head.stack:
        bottleneck = layer(bottleneck)
    bottleneck = tf.cast(bottleneck, "float32").numpy()
    expected = unit(bottleneck, -1) @ unit(np.array(head.directions), 0)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, expected, atol=1e-5)
