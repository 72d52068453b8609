import math

import numpy as np
import pytest

from kerassl.layers import sin_cos_positions


def test_it_is_the_written_formula():
    found = sin_cos_positions((3, 5), 12)
    assert found.shape == (15, 12) and found.dtype == np.float32
    for row in range(3):
        for column in range(5):
            expected = []
            for place in (column, row):
                angles = [place / 10_000 ** (i / 3) for i in range(3)]
                expected += [math.sin(a) for a in angles]
                expected += [math.cos(a) for a in angles]
            np.testing.assert_allclose(found[5 * row + column], expected, atol=1e-6)


def test_no_two_places_are_alike():
    found = sin_cos_positions((14, 14), 64)
    distances = np.square(found[:, None] - found[None]).sum(axis=-1)
    assert distances[~np.eye(196, dtype=bool)].min() > 0.1


@pytest.mark.parametrize(
    ("grid", "dim", "name"), [((2, 2), 6, "dim"), ((0, 2), 8, "grid")]
)
def test_errors(grid, dim, name):
    with pytest.raises(ValueError, match=f"`{name}` must"):
        sin_cos_positions(grid, dim)
