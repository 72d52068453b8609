import math

import numpy as np
import pytest
from scipy.special import logsumexp

from kerassl.losses.patches import patch_info_nce, patch_logits

BATCH, ROWS, COLUMNS, DIM = 3, 4, 2, 5


def tensors(step):
    random = np.random.default_rng(0)
    keys = random.normal(size=(BATCH, ROWS, COLUMNS, DIM)).astype("float32")
    shape = (BATCH, ROWS - step, COLUMNS, DIM)
    return random.normal(size=shape).astype("float32"), keys


@pytest.mark.parametrize("step", [1, 2, 3])
def test_loss_matches_numpy_prediction_by_prediction(step):
    predictions, keys = tensors(step)
    found = np.array(patch_info_nce(predictions, keys, step))
    assert found.shape == (BATCH, ROWS - step, COLUMNS)
    for image, row, column in np.ndindex(found.shape):
        scores = np.einsum("d,brcd->brc", predictions[image, row, column], keys)
        expected = logsumexp(scores) - scores[image, row + step, column]
        np.testing.assert_allclose(found[image, row, column], expected, rtol=1e-4)


def test_patches_of_another_device_are_negatives_too():
    predictions, keys = tensors(2)
    whole = patch_info_nce(predictions, keys, 2)
    last = patch_info_nce(predictions[1:], keys, 2, offset=1)
    np.testing.assert_allclose(last, whole[1:], rtol=1e-6)


def test_equal_patches_give_chance_and_the_right_one_nothing():
    _, keys = tensors(1)
    zeros = np.zeros((BATCH, ROWS - 1, COLUMNS, DIM), "float32")
    chance = math.log(BATCH * ROWS * COLUMNS)
    np.testing.assert_allclose(patch_info_nce(zeros, keys, 1), chance, rtol=1e-5)
    own = np.eye(ROWS * COLUMNS, dtype="float32").reshape(1, ROWS, COLUMNS, -1)
    np.testing.assert_allclose(patch_info_nce(99 * own[:, 1:], own, 1), 0, atol=1e-5)
    logits, right = patch_logits(99 * own[:, 1:], own, 1)
    np.testing.assert_array_equal(np.argmax(logits, 1), right)


def test_errors():
    predictions, keys = tensors(2)
    with pytest.raises(ValueError, match="`predictions` must have the shape.*step=1"):
        patch_info_nce(predictions, keys, 1)
    with pytest.raises(ValueError, match="`predictions` must have the shape"):
        patch_info_nce(predictions[0], keys, 2)
    with pytest.raises(ValueError, match="`step`"):
        patch_info_nce(predictions, keys, 0)
    with pytest.raises(ValueError, match="`keys`"):
        patch_info_nce(predictions, keys * np.nan, 2)
