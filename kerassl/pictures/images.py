"""Grids and rows of images."""

from collections.abc import Sequence

import numpy as np

from kerassl.errors import InvalidValue

# Between the images of a grid, of the side of their squares.
GAP = 0.04


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
        >>> [len(column.images) for column in figure.axes]
        [3, 3]
    """
    from matplotlib.figure import Figure

    arrays = [displayable(column) for column in columns]
    if not arrays or len({len(array) for array in arrays}) != 1:
        raise InvalidValue(
            "`columns` must hold one or more arrays with equally many rows. "
            f"Received rows: {[len(array) for array in arrays]}"
        )
    if titles is not None and len(titles) != len(arrays):
        raise InvalidValue(
            "`titles` must name each column. "
            f"Received: {len(titles)} titles for {len(arrays)} columns"
        )
    rows = len(arrays[0])
    figure = Figure(figsize=(cell * len(arrays), cell * rows + 0.3))
    # One axis a column: an axis for each image takes many times as long to draw.
    axes = figure.subplots(1, len(arrays), squeeze=False)[0]
    for axis, array in zip(axes, arrays, strict=True):
        for i, image in enumerate(array):
            axis.imshow(image, cmap="gray", vmin=0, vmax=1, extent=_place(image, i))
        axis.set(xlim=(0, 1), ylim=(rows, 0))
        axis.set_axis_off()
    if titles is not None:
        for axis, title in zip(axes, titles, strict=True):
            axis.set_title(title, fontsize=8)
    figure.subplots_adjust(0.01, 0.01, 0.99, 1 - 0.3 / (cell * rows + 0.3), 0.0, 0.0)
    return figure


def _place(image, row):
    """Returns (left, right, bottom, top) of an image in a column of squares."""
    height, width = image.shape[:2]
    side = (1 - GAP) / max(height, width)
    x, y = side * width / 2, side * height / 2
    return 0.5 - x, 0.5 + x, row + 0.5 + y, row + 0.5 - y


def image_rows(rows: Sequence, titles: Sequence[str], cell: float = 0.9):
    """Returns a figure with one row a kind of image and one column an example.

    Made to compare: originals above, what became of them below.

    Args:
        rows: Arrays of shape (examples, height, width, channels) as in
            `image_grid`, or (examples, dim), drawn as lines of pixels.
        titles: A title for each row.
        cell: Side of a cell in inches.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: If there is no row, the numbers of examples or titles
            differ, or an array is no batch of images.

    Example:
        >>> import numpy as np
        >>> images = np.zeros((5, 8, 8, 1))
        >>> figure = image_rows([images, 1 - images], titles=["before", "after"])
        >>> len(figure.axes)
        2
    """
    from matplotlib.figure import Figure

    rows = [np.asarray(row) for row in rows]
    rows = [row[:, None, :, None] if row.ndim == 2 else row for row in rows]
    arrays = [displayable(row) for row in rows]
    if not arrays or len({len(array) for array in arrays}) != 1:
        raise InvalidValue(
            "`rows` must hold one or more arrays with equally many examples. "
            f"Received examples: {[len(array) for array in arrays]}"
        )
    if len(titles) != len(arrays):
        raise InvalidValue(
            "`titles` must name each row. "
            f"Received: {len(titles)} titles for {len(arrays)} rows"
        )
    figure = Figure(figsize=(cell * len(arrays[0]), (cell + 0.2) * len(arrays)))
    for ax, array, title in zip(
        figure.subplots(len(arrays), 1, squeeze=False)[:, 0],
        arrays,
        titles,
        strict=True,
    ):
        # One picture a row: a column of white pixels parts the examples.
        edge = np.ones_like(array[:, :, :1])
        strip = np.concatenate([*np.concatenate([array, edge], axis=2)], axis=1)
        ax.imshow(strip, cmap="gray", vmin=0, vmax=1, aspect="equal")
        ax.set_title(title, fontsize=8, loc="left")
        ax.set_axis_off()
    figure.tight_layout(pad=0.3)
    return figure


def displayable(images):
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise InvalidValue(
            "`columns` must hold arrays (rows, height, width, channels) with 1 or 3 "
            f"channels. Received shape: {images.shape}"
        )
    if images.dtype == np.uint8:
        images = images / 255.0
    images = np.clip(images.astype("float32"), 0.0, 1.0)
    return images[..., 0] if images.shape[-1] == 1 else images
