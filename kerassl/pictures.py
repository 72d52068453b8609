"""Figures made without a display: grids of images."""

from collections.abc import Sequence

import numpy as np


def image_grid(
    columns: Sequence, titles: Sequence[str] | None = None, cell: float = 1.1
):
    """Returns a figure with one row an example and one column a kind of image.

    The figure belongs to no window and needs no display; save it with
    `figure.savefig(path)`.

    Args:
        columns: Arrays of shape (rows, height, width, channels) with 1 or 3
            channels, uint8 in [0, 255] or float in [0, 1] (clipped). Heights
            and widths may differ between columns.
        titles: A title for each column, or None.
        cell: Side of a cell in inches.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: If there is no column, the numbers of rows or titles
            differ, or an array is no batch of images.

    Example:
        >>> import numpy as np
        >>> images = np.zeros((3, 8, 8, 1))
        >>> figure = image_grid([images, 1 - images], titles=["before", "after"])
        >>> len(figure.axes)
        6
    """
    from matplotlib.figure import Figure

    arrays = [_displayable(column) for column in columns]
    if not arrays or len({len(array) for array in arrays}) != 1:
        raise ValueError(
            "`columns` must hold one or more arrays with equally many rows. "
            f"Received rows: {[len(array) for array in arrays]}"
        )
    if titles is not None and len(titles) != len(arrays):
        raise ValueError(
            "`titles` must name each column. "
            f"Received: {len(titles)} titles for {len(arrays)} columns"
        )
    rows = len(arrays[0])
    figure = Figure(figsize=(cell * len(arrays), cell * rows + 0.3))
    axes = figure.subplots(rows, len(arrays), squeeze=False)
    for j, array in enumerate(arrays):
        for i, image in enumerate(array):
            axes[i, j].imshow(image, cmap="gray", vmin=0, vmax=1)
            axes[i, j].set_axis_off()
        if titles is not None:
            axes[0, j].set_title(titles[j], fontsize=8)
    figure.subplots_adjust(0.01, 0.01, 0.99, 1 - 0.3 / (cell * rows + 0.3), 0.04, 0.04)
    return figure


def _displayable(images):
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(
            "`columns` must hold arrays (rows, height, width, channels) with 1 or 3 "
            f"channels. Received shape: {images.shape}"
        )
    if images.dtype == np.uint8:
        images = images / 255.0
    images = np.clip(images.astype("float32"), 0.0, 1.0)
    return images[..., 0] if images.shape[-1] == 1 else images
