import numpy as np
import pytest

from kerassl.losses import gaussian_divergence


def test_it_is_what_sampling_finds():
    random = np.random.default_rng(0)
    mean, log_variance = 0.7, -0.9
    z = mean + np.exp(log_variance / 2) * random.standard_normal(400_000)
    log_q = -0.5 * (log_variance + (z - mean) ** 2 / np.exp(log_variance))
    expected = np.mean(log_q + 0.5 * z**2)
    found = gaussian_divergence(
        np.full((1, 1), mean, "float32"), np.full((1, 1), log_variance, "float32")
    )
    np.testing.assert_allclose(found, [[expected]], rtol=0.01)


def test_the_standard_gaussian_costs_nothing():
    zeros = np.zeros((3, 2), "float32")
    assert not np.array(gaussian_divergence(zeros, zeros)).any()


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="one shape. Received: .3, 2. and .3, 1."):
        gaussian_divergence(np.zeros((3, 2), "float32"), np.zeros((3, 1), "float32"))
