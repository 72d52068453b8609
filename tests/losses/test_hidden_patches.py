import numpy as np
import pytest

from kerassl.losses import mean_squared_error, normalized_patches

PATCHES = np.random.default_rng(0).normal(3, 2, (4, 5, 48)).astype("float32")


def test_each_patch_has_mean_0_and_variance_1():
    found = np.array(normalized_patches(PATCHES))
    wide = PATCHES.astype("float64")
    for i in np.ndindex(4, 5):
        expected = (wide[i] - wide[i].mean()) / np.sqrt(wide[i].var() + 1e-6)
        np.testing.assert_allclose(found[i], expected, rtol=1e-4, atol=1e-6)


def test_guessing_nothing_has_an_error_of_1():
    targets = normalized_patches(PATCHES)
    np.testing.assert_allclose(mean_squared_error(targets, 0 * targets), 1, rtol=1e-4)


def test_a_plain_patch_becomes_zeros():
    assert not np.array(normalized_patches(np.full((2, 3, 8), 0.7, "float32"))).any()


def test_scale_and_brightness_are_taken_away():
    found = normalized_patches(5 * PATCHES - 2)
    np.testing.assert_allclose(found, normalized_patches(PATCHES), atol=1e-4)


def test_what_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="`patches` must be finite"):
        normalized_patches(np.array([[np.nan, 1.0]], "float32"))
