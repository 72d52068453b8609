import numpy as np
import pytest
from keras import ops

from kerassl.losses import (
    binary_cross_entropy,
    mean_absolute_error,
    mean_squared_error,
)

ALL = [binary_cross_entropy, mean_absolute_error, mean_squared_error]


def sample(shape=(4, 3, 2)):
    random = np.random.default_rng(0)
    targets = random.uniform(size=shape).astype("float32")
    return targets, random.normal(size=shape, scale=3).astype("float32")


def test_cross_entropy_is_the_written_formula():
    targets, logits = sample()
    p = 1 / (1 + np.exp(-logits.astype("float64")))
    wanted = -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean((1, 2))
    found = ops.convert_to_numpy(binary_cross_entropy(targets, ops.array(logits)))
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_cross_entropy_of_huge_logits_is_exact():
    logits = ops.array([[1e4, -1e4], [-1e4, 1e4]])
    targets = ops.array([[1.0, 0.0], [1.0, 1.0]])
    found = ops.convert_to_numpy(binary_cross_entropy(targets, logits))
    np.testing.assert_allclose(found, [0.0, 5e3])


def test_cross_entropy_is_least_at_the_target():
    targets, _ = sample()
    best = np.log(targets / (1 - targets))
    entropy = ops.convert_to_numpy(binary_cross_entropy(targets, ops.array(best)))
    for shift in (-0.1, 0.1):
        near = binary_cross_entropy(targets, ops.array(best + shift))
        assert (ops.convert_to_numpy(near) > entropy).all()


def test_squared_error_is_the_written_formula():
    targets, outputs = sample()
    found = ops.convert_to_numpy(mean_squared_error(targets, ops.array(outputs)))
    np.testing.assert_allclose(found, ((outputs - targets) ** 2).mean((1, 2)), 1e-5)
    assert (ops.convert_to_numpy(mean_squared_error(targets, targets * 1)) == 0).all()


def test_absolute_error_is_the_written_formula():
    targets, outputs = sample()
    found = ops.convert_to_numpy(mean_absolute_error(targets, ops.array(outputs)))
    np.testing.assert_allclose(found, abs(outputs - targets).mean((1, 2)), 1e-5)


@pytest.mark.parametrize("loss", ALL)
def test_a_row_does_not_see_the_others(loss):
    targets, outputs = sample()
    whole = ops.convert_to_numpy(loss(targets, ops.array(outputs)))
    one = ops.convert_to_numpy(loss(targets[2:3], ops.array(outputs[2:3])))
    np.testing.assert_allclose(one, whole[2:3], rtol=1e-6)


@pytest.mark.parametrize("loss", ALL)
def test_shapes_are_checked(loss):
    with pytest.raises(ValueError, match=r"one shape. Received: \(2, 3\) and \(2, 1\)"):
        loss(ops.ones((2, 3)), ops.ones((2, 1)))
