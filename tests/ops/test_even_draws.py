import numpy as np
import pytest

from kerassl.ops.even_draws import even_draws

GROUPS = np.array([3] * 50 + [0] * 4 + [7] * 6)


def test_every_group_comes_alike():
    drawn = even_draws(GROUPS, 30, seed=0)
    assert drawn.dtype == np.int64
    counts = {k: np.sum(GROUPS[drawn] == k) for k in (0, 3, 7)}
    assert counts == {0: 10, 3: 10, 7: 10}
    large = drawn[GROUPS[drawn] == 3]
    assert len(set(large)) == len(large)  # of a group with enough, none twice


def test_members_of_a_group_come_alike():
    many = np.concatenate([even_draws(GROUPS, 30, seed) for seed in range(400)])
    for k, size in ((0, 4), (3, 50), (7, 6)):
        members = np.flatnonzero(GROUPS == k)
        shares = np.bincount(many, minlength=60)[members] / 4000
        np.testing.assert_allclose(shares, 1 / size, atol=0.02)


def test_what_does_not_divide_is_left_out_by_chance():
    counts = [np.bincount(GROUPS[even_draws(GROUPS, 10, s)]) for s in range(200)]
    counts = np.array(counts)[:, [0, 3, 7]]
    assert (counts.sum(1) == 10).all() and counts.min() >= 2 and counts.max() == 4
    np.testing.assert_allclose(counts.mean(0), 10 / 3, atol=0.2)


def test_the_order_is_random_and_of_the_seed():
    first, again, other = (even_draws(GROUPS, 30, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len(set(GROUPS[first[:10]])) > 1


def test_errors():
    with pytest.raises(ValueError, match="`groups` must be a vector"):
        even_draws(np.zeros((2, 2), int), 3, 0)
    with pytest.raises(ValueError, match="`groups` must be a vector"):
        even_draws([], 3, 0)
    with pytest.raises(ValueError, match="`groups` must be a vector"):
        even_draws([0.5], 3, 0)
    with pytest.raises(ValueError, match="`count`"):
        even_draws([0], 0, 0)
