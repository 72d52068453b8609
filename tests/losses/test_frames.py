import numpy as np
import pytest

from kerassl.losses import frame_l1


def test_value_by_hand():
    targets = np.array([[[1.0, 2.0], [0.0, 0.0]]], "float32")
    outputs = np.array([[[2.0, 0.0], [0.5, -0.5]]], "float32")
    np.testing.assert_allclose(frame_l1(targets, outputs), [[1.5, 0.5]])


def test_values_of_numpy():
    random = np.random.default_rng(0)
    a, b = random.standard_normal((2, 3, 4, 5)).astype("float32")
    np.testing.assert_allclose(frame_l1(a, b), abs(a - b).mean(axis=-1), rtol=1e-6)
    np.testing.assert_array_equal(frame_l1(a, a), 0.0)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 5), (2, 4, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="one shape"):
        frame_l1(np.zeros((2, 3, 4)), np.zeros(shape))
