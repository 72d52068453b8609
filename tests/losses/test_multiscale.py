import math

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp

from kerassl.losses.multiscale import (
    best_is_right,
    map_info_nce,
    map_scores,
    score_penalty,
)

BATCH, SIDE, DIM = 4, 3, 6


def tensors(scale=1.0):
    random = np.random.default_rng(0)
    sources = random.normal(size=(BATCH, DIM)) * scale
    maps = random.normal(size=(BATCH, SIDE**2, DIM)) * scale
    return sources.astype("float32"), maps.astype("float32")


def numpy_scores(sources, maps):
    """Returns scores (batch, images, places), in float64."""
    rows = maps.astype("float64")
    return np.einsum("bd,ipd->bip", sources, rows) / np.sqrt(sources.shape[1])


def numpy_loss(sources, maps, clip):
    scores = clip * np.tanh(numpy_scores(sources, maps) / clip)
    losses = np.zeros((len(sources), scores.shape[2]))
    for i, place in np.ndindex(losses.shape):
        wrong = np.delete(scores[i], i, axis=0).ravel()
        losses[i, place] = (
            logsumexp([scores[i, i, place], *wrong]) - scores[i, i, place]
        )
    return losses


@pytest.mark.parametrize("clip, scale", [(20.0, 1.0), (2.0, 3.0)])
def test_loss_matches_numpy_place_by_place(clip, scale):
    sources, maps = tensors(scale)
    found = map_info_nce(map_scores(sources, maps), clip=clip)
    np.testing.assert_allclose(found, numpy_loss(sources, maps, clip), rtol=1e-4)


def test_rows_of_another_device_are_negatives_too():
    sources, maps = tensors()
    whole = map_info_nce(map_scores(sources, maps))
    last = map_info_nce(map_scores(sources[2:], maps), offset=2)
    np.testing.assert_allclose(last, whole[2:], rtol=1e-5)


def test_other_places_of_the_own_image_are_no_negatives():
    sources, maps = tensors()
    changed = maps.copy()
    changed[0, 0] += 5.0
    one, two = (
        np.array(map_info_nce(map_scores(sources[:1], m))) for m in (maps, changed)
    )
    np.testing.assert_allclose(two[0, 1:], one[0, 1:], rtol=1e-6)
    assert two[0, 0] != one[0, 0]


def test_scores_of_any_size_give_a_finite_loss_and_gradient():
    for scale in (0.0, 1e3, 1e6):
        sources, maps = (tf.Variable(part) for part in tensors(scale))
        with tf.GradientTape() as tape:
            losses = map_info_nce(map_scores(sources, maps))
        assert np.isfinite(losses).all()
        assert np.max(losses) <= 40 + math.log(1 + (BATCH - 1) * SIDE**2)
        for gradient in tape.gradient(losses, (sources, maps)):
            assert np.isfinite(gradient).all()


def test_equal_scores_give_chance():
    zeros = np.zeros((BATCH, BATCH, SIDE**2), "float32")
    chance = math.log(1 + (BATCH - 1) * SIDE**2)
    np.testing.assert_allclose(map_info_nce(zeros), chance, rtol=1e-5)
    assert not np.any(best_is_right(zeros))


def test_penalty_is_the_mean_square_of_scores_that_are_not_clipped():
    sources, maps = tensors(5.0)
    expected = (numpy_scores(sources, maps) ** 2).mean((1, 2))
    np.testing.assert_allclose(
        score_penalty(map_scores(sources, maps)), expected, rtol=1e-4
    )


def test_what_fits_best_is_told():
    sources, maps = tensors()
    scores = numpy_scores(sources, maps)
    expected = [
        scores[i, i] > np.delete(scores[i], i, axis=0).max() for i in range(BATCH)
    ]
    found = best_is_right(map_scores(sources, maps))
    np.testing.assert_array_equal(found, expected)


def test_errors():
    sources, maps = tensors()
    with pytest.raises(ValueError, match="`sources` must have the shape"):
        map_scores(sources[:, :3], maps)
    with pytest.raises(ValueError, match="`sources` must have the shape"):
        map_scores(sources, sources)
    with pytest.raises(ValueError, match="`places`"):
        map_scores(sources, maps * np.inf)
    with pytest.raises(ValueError, match="`clip`"):
        map_info_nce(map_scores(sources, maps), clip=0)
    with pytest.raises(ValueError, match="`scores` must have the shape"):
        map_info_nce(sources)
