import numpy as np
import pytest

from kerassl.augment.image.gamut import gamut_bins
from kerassl.augment.image.lab import rgb_to_lab


def test_every_colour_lies_in_a_bin():
    colors = np.random.default_rng(0).random((5000, 3), dtype="float32")
    plane = rgb_to_lab(colors).numpy()[:, 1:]
    distance = np.abs(plane[:, None] - gamut_bins()).max(-1).min(1)
    assert distance.max() <= 5 + 1e-3  # half a square


def test_every_bin_has_a_colour_and_grey_is_one():
    shades = np.linspace(0, 1, 52, dtype="float32")
    colors = np.stack(np.meshgrid(shades, shades, shades), axis=-1).reshape(-1, 3)
    plane = rgb_to_lab(colors).numpy()[:, 1:]
    found = np.unique(np.round(plane / 10), axis=0) * 10
    bins = gamut_bins()
    inside = {tuple(each) for each in found}
    assert inside <= {tuple(each) for each in bins}
    assert len(bins) - len(inside) <= 6  # squares that reach into the gamut by a corner
    assert [0, 0] in bins.tolist() and not bins.flags.writeable


@pytest.mark.parametrize("grid", [0, 4, 51, 10.5])
def test_the_grid_is_checked(grid):
    with pytest.raises(ValueError, match="`grid` must"):
        gamut_bins(grid)
