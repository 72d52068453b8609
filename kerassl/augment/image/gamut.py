"""Which colours of CIE L*a*b* a screen can show, in squares of its plane of a and b."""

import functools

import numpy as np
import tensorflow as tf

from kerassl.augment.image.lab import rgb_to_lab
from kerassl.checks import check_integer

# Shades of each channel, those of 8 bits.
SHADES = 256


def gamut_bins(grid: int = 10):
    """Returns the centres of the squares of the plane that sRGB has colours in.

    Args:
        grid: Side of the squares, from 5 to 50. The paper's is 10.

    Returns:
        float32 array (bins, 2) of a and b, multiples of `grid`, not to be written to.

    Raises:
        ValueError: If `grid` is out of its range.

    Example:
        >>> len(gamut_bins())
        261

    Reference:
        Zhang et al., 2016, section 2.1, https://arxiv.org/abs/1603.08511
    """
    check_integer("grid", grid, least=5, most=50)
    return _bins(grid)


@functools.cache
def _bins(grid):
    with tf.device("cpu"), tf.init_scope():
        # The colours of one a and b are a line through the cube of all colours, which
        # begins and ends at a face.
        shades = np.linspace(0, 1, SHADES, dtype="float32")
        faces = np.stack(np.meshgrid(shades, shades, [0.0, 1.0]), axis=-1)
        faces = faces.reshape(-1, 3).astype("float32")
        colors = np.concatenate([np.roll(faces, i, axis=1) for i in range(3)])
        plane = rgb_to_lab(colors).numpy()[:, 1:]
    bins = np.unique(np.round(plane / grid).astype(int), axis=0) * np.float32(grid)
    bins.flags.writeable = False
    return bins
