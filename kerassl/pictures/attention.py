"""Attention drawn: over the patches of images, and between the tokens of texts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerassl.errors import InvalidValue
from kerassl.pictures.fonts import fonts_for
from kerassl.pictures.images import displayable
from kerassl.pictures.saliency import in_range

# What is shown of large encoders: the last layers, and the first heads of each.
MOST_LAYERS = 3
MOST_HEADS = 4
# Tokens beside each other that can still be read.
MOST_TOKENS = 32


def patch_attention(images, maps: Sequence, titles: Sequence[str]):
    """Returns a figure of images, each beside maps of attention laid over it.

    Args:
        images: As in `kerassl.pictures.image_saliency`.
        maps: Arrays (examples, rows, columns), weights of the patches; each is
            drawn on a scale of its own, from none to its largest.
        titles: One for the images and one for each of `maps`.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: If there are other numbers of titles or examples.

    Example:
        >>> images, maps = np.zeros((1, 8, 8, 1)), [np.ones((1, 2, 2))] * 2
        >>> len(patch_attention(images, maps, ["image", "first", "last"]).axes)
        3
    """
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    # What is not read keeps the look of the image.
    tint = LinearSegmentedColormap.from_list(
        "tint", [(1, 0.3, 0, 0), (1, 0.3, 0, 0.85)]
    )
    shown, maps = displayable(in_range(images)), [np.asarray(part) for part in maps]
    if len(titles) != len(maps) + 1 or {len(part) for part in maps} != {len(shown)}:
        raise InvalidValue(
            f"`maps` must hold {len(shown)} examples each, and `titles` name the "
            f"images and each of {len(maps)} maps. Received: {len(titles)} titles, "
            f"examples {[len(part) for part in maps]}"
        )
    height, width = shown.shape[1:3]
    rows, columns = len(shown), len(titles)
    figure = Figure(figsize=(1.3 * columns, 1.3 * rows + 0.4), layout="constrained")
    axes: Any = figure.subplots(rows, columns, squeeze=False)
    for i in range(rows):
        for j in range(columns):
            axes[i, j].imshow(shown[i], cmap="gray", vmin=0, vmax=1)
            axes[i, j].set_axis_off()
            if j > 0:
                # Each patch is a square of one colour: it has one weight.
                axes[i, j].imshow(
                    maps[j - 1][i],
                    cmap=tint,
                    vmin=0,
                    extent=(-0.5, width - 0.5, height - 0.5, -0.5),
                )
            if i == 0:
                axes[i, j].set_title(titles[j], fontsize=8)
    return figure


def token_attention(tokens: Sequence[str], weights, rows: Sequence[str], columns=()):
    """Returns a figure of weights between tokens, a small map for each.

    A row of a map is the token that reads, a column the one that is read; the
    darkest is the largest weight of that map.

    Args:
        tokens: The tokens, of which the first 32 are shown.
        weights: Array (rows, columns, tokens, tokens).
        rows: A title for each row of maps.
        columns: A title for each column of maps, or none.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: If the numbers of tokens or titles are others.

    Example:
        >>> figure = token_attention(["a", "b"], np.ones((1, 3, 2, 2)), ["layer 1"])
        >>> len(figure.axes)
        3
    """
    from matplotlib.figure import Figure

    weights = np.asarray(weights)
    expected = (len(rows), len(columns) or weights.shape[1], len(tokens), len(tokens))
    if weights.ndim != 4 or weights.shape != expected:
        raise InvalidValue(
            "`weights` must have shape (rows, columns, tokens, tokens) "
            f"{expected}. Received shape: {weights.shape}"
        )
    weights = weights[..., :MOST_TOKENS, :MOST_TOKENS]
    families, drawn = fonts_for(tokens)
    # A dollar sign would start a formula.
    names = [drawn(token).replace("$", r"\$") for token in tokens[:MOST_TOKENS]]
    side = max(1.6, 0.1 * len(names))
    down, across = weights.shape[:2]
    figure = Figure(
        figsize=(side * across + 1.0, side * down + 1.0), layout="constrained"
    )
    axes: Any = figure.subplots(down, across, squeeze=False)
    places, style = range(len(names)), {"family": families, "fontsize": 6}
    for i, j in np.ndindex(down, across):
        axis = axes[i, j]
        axis.imshow(weights[i, j], cmap="Blues", vmin=0)
        axis.set_xticks(places if i == down - 1 else [])
        axis.set_yticks(places if j == 0 else [])
        if i == down - 1:
            axis.set_xticklabels(names, rotation=90, **style)
        if j == 0:
            axis.set_yticklabels(names, **style)
            axis.set_ylabel(rows[i], fontsize=8)
        if i == 0 and columns:
            axis.set_title(columns[j], fontsize=8)
    drawn.explain(figure)
    return figure
