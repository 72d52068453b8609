"""Fixed vectors of the places in a grid, by sines and cosines."""

from collections.abc import Sequence

import numpy as np

from kerassl.checks import check_width, check_widths
from kerassl.errors import InvalidValue

# The longest wave is 2 pi times this, in places.
WAVE = 10_000.0


def sin_cos_positions(grid: Sequence[int], dim: int):
    """Returns a fixed vector for each place of a grid, by sines and cosines.

    The first half of a vector tells the column, the second the row. Each half is the
    sines and then the cosines of the place, at dim / 4 frequencies that fall from 1
    to nearly 1/10,000.

    Args:
        grid: (rows, columns), positive integers.
        dim: Length of the vectors, a multiple of 4.

    Returns:
        Float32 NumPy array (rows * columns, dim), row by row.

    Raises:
        ValueError: If a size is no positive integer, or `dim` no multiple of 4.

    Example:
        >>> sin_cos_positions((2, 3), 8).shape
        (6, 8)
        >>> sin_cos_positions((1, 1), 4).tolist()
        [[0.0, 1.0, 0.0, 1.0]]

    Reference:
        Vaswani et al., 2017, section 3.5, https://arxiv.org/abs/1706.03762
    """
    check_widths(grid=grid)
    check_width(dim=dim)
    if dim % 4:
        raise InvalidValue(f"`dim` must be a multiple of 4. Received: dim={dim}")
    rows, columns = np.divmod(np.arange(grid[0] * grid[1]), grid[1])
    halves = [_waves(places, dim // 4) for places in (columns, rows)]
    return np.concatenate(halves, axis=1).astype("float32")


def _waves(places, count):
    angles = places[:, None] / WAVE ** (np.arange(count) / count)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
