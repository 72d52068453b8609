"""Maps of what a value depends on, of functions whose maps are known."""

import numpy as np
import pytest
from keras import ops

from kerassl.transfer.saliency import (
    gradient_times_input,
    integrated_gradients,
    occlusion,
    smooth_grad,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 4, 4, 2)).astype("float32")
W = RNG.normal(size=(4, 4, 2)).astype("float32")


def linear(x):
    return ops.sum(x * W, axis=(1, 2, 3)) + 1.0


def curved(x):
    return ops.tanh(ops.sum(x * W, axis=(1, 2, 3)) * 0.3) + ops.sum(x**3, (1, 2, 3))


def test_of_a_linear_function_all_maps_are_its_terms():
    terms = X * W
    np.testing.assert_allclose(gradient_times_input(linear, X), terms, rtol=1e-5)
    np.testing.assert_allclose(
        integrated_gradients(linear, X, steps=3), terms, rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        smooth_grad(linear, X, samples=2), np.broadcast_to(W, X.shape), rtol=1e-5
    )
    np.testing.assert_allclose(occlusion(linear, X), terms.sum(-1), atol=1e-4)


def test_integrated_gradients_sum_to_the_difference():
    baseline = np.full((4, 4, 2), 0.25, "float32")
    found = integrated_gradients(curved, X, baseline, steps=64)
    start = np.broadcast_to(baseline, X.shape)
    difference = ops.convert_to_numpy(curved(X) - curved(start))
    np.testing.assert_allclose(found.sum((1, 2, 3)), difference, rtol=5e-3, atol=5e-3)
    # The plain gradient has no such property.
    plain = gradient_times_input(curved, X).sum((1, 2, 3))
    assert np.abs(plain - difference).max() > 0.5


def test_smooth_grad_without_noise_is_the_gradient():
    gradient = 3 * X**2
    cube = smooth_grad(lambda x: ops.sum(x**3, (1, 2, 3)), X, noise=0.0, samples=1)
    np.testing.assert_allclose(cube, gradient, rtol=1e-5)
    # Noise of standard deviation s adds 3 s² to the mean slope of a cube.
    noisy = smooth_grad(lambda x: ops.sum(x**3, (1, 2, 3)), X, noise=0.1, samples=400)
    added = 3 * (0.1 * np.ptp(X, axis=(1, 2, 3))) ** 2
    np.testing.assert_allclose((noisy - gradient).mean((1, 2, 3)), added, rtol=0.15)


def test_a_covered_part_is_a_square():
    found = occlusion(linear, X, size=3)
    terms = (X * W).sum(-1)
    np.testing.assert_allclose(found[:, 0, 0], terms[:, :3, :3].sum((1, 2)), atol=1e-4)
    np.testing.assert_allclose(found[:, 3, 3], terms[:, 3, 3], atol=1e-4)
    assert (found[:, :3, :3] == found[:, :1, :1]).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: smooth_grad(linear, X, noise=-1), "`noise` must be"),
        (lambda: smooth_grad(linear, X, samples=0), "`samples` must be"),
        (lambda: integrated_gradients(linear, X, steps=0), "`steps` must be"),
        (lambda: occlusion(linear, X, size=0), "`size` must be"),
        (lambda: occlusion(linear, X[:, 0, 0]), "with positions between"),
        (lambda: gradient_times_input(linear, X > 0), "must be a float array"),
        (lambda: gradient_times_input(lambda x: ops.ones(3), X), "no gradient"),
    ],
)
def test_wrong_arguments_are_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()
