import numpy as np
import pytest

from kerassl.losses import sparsity_divergence


def test_it_is_the_written_formula():
    mean = np.random.default_rng(0).uniform(0.01, 0.99, 7)
    expected = sum(0.1 * np.log(0.1 / m) + 0.9 * np.log(0.9 / (1 - m)) for m in mean)
    np.testing.assert_allclose(sparsity_divergence(mean, 0.1), expected, rtol=1e-5)


def test_it_is_0_at_the_target_and_finite_where_units_are_dead():
    np.testing.assert_allclose(sparsity_divergence([0.2, 0.2], 0.2), 0, atol=1e-6)
    found = sparsity_divergence([0.0, 1.0], 0.05)
    assert np.isfinite(float(found)) and float(found) > 1


@pytest.mark.parametrize("target", [0.0, 1.0, np.nan])
def test_the_target_is_checked(target):
    with pytest.raises(ValueError, match="`target` must"):
        sparsity_divergence([0.5], target)
