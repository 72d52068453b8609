import math

import numpy as np
import pytest
from keras import ops

from kerassl.losses import place_cross_entropy, smoothed_places


@pytest.mark.parametrize("sigma", [0.5, 1.0, 3.0])
def test_answers_are_those_of_the_written_formula(sigma):
    found = np.array(smoothed_places((2, 3), sigma))
    for i in range(6):
        shares = []
        for j in range(6):
            down, right = i // 3 - j // 3, i % 3 - j % 3
            shares.append(math.exp(-(down**2 + right**2) / sigma**2))
        np.testing.assert_allclose(found[i], np.array(shares) / sum(shares), rtol=1e-5)


def test_without_a_width_the_right_place_alone_counts():
    np.testing.assert_array_equal(smoothed_places((3, 2), 0.0), np.eye(6))
    np.testing.assert_array_equal(smoothed_places((3, 2), ops.zeros(())), np.eye(6))


def test_loss_is_that_of_the_written_formula():
    random = np.random.default_rng(0)
    logits = random.standard_normal((2, 3, 6)).astype("float32")
    places = np.array([[0, 5, 2], [3, 3, 1]])
    answers = np.array(smoothed_places((2, 3), 1.5))
    found = place_cross_entropy(logits, places, answers)
    for i in range(2):
        for j in range(3):
            told = np.exp(logits[i, j]) / np.exp(logits[i, j]).sum()
            wanted = -(answers[places[i, j]] * np.log(told)).sum()
            assert float(found[i, j]) == pytest.approx(wanted, rel=1e-5)


def test_it_is_least_where_the_answer_is_told():
    answers = np.array(smoothed_places((2, 2), 1.0))
    places = np.arange(4)
    best = place_cross_entropy(np.log(answers), places, answers)
    entropy = -(answers * np.log(answers)).sum(-1)
    np.testing.assert_allclose(best, entropy, rtol=1e-5)
    other = place_cross_entropy(np.log(answers)[::-1], places, answers)
    assert np.all(np.array(other) > np.array(best))


@pytest.mark.parametrize(
    ("logits", "places", "answers"),
    [((2, 4), (2,), (5, 5)), ((2, 4), (2, 1), (4, 4)), ((2, 4), (2,), (4, 3))],
)
def test_shapes_that_do_not_belong_together(logits, places, answers):
    with pytest.raises(ValueError, match="`logits` must have one axis more"):
        place_cross_entropy(
            ops.zeros(logits), ops.zeros(places, "int32"), ops.zeros(answers)
        )


def test_errors():
    with pytest.raises(ValueError, match="`sigma` must be"):
        smoothed_places((2, 2), -0.1)
    with pytest.raises(ValueError, match="`grid` must"):
        smoothed_places((2, 0), 1.0)
