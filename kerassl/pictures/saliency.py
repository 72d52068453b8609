"""Saliency drawn: beside images, and behind the tokens of texts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerassl.errors import InvalidValue
from kerassl.pictures.images import displayable
from kerassl.pictures.texts import PLAIN, Mark, token_figure

# Of a map's values, the share by which its scale goes: single pixels would make
# all others pale.
SCALE = 0.995
# Shares of the largest that parts the shades of a text.
SHADES = (0.15, 0.4, 0.7)
MARKS = {
    "+3": Mark("raises it most", "#b2182b"),
    "+2": Mark("raises it", "#d6604d"),
    "+1": Mark("a little", "#f4a582", "black"),
    "-1": Mark("a little", "#92c5de", "black"),
    "-2": Mark("lowers it", "#4393c3"),
    "-3": Mark("lowers it most", "#2166ac"),
}


def image_saliency(images, maps: Sequence, titles: Sequence[str], notes=()):
    """Returns a figure of images, each beside its maps: red raises, blue lowers.

    Args:
        images: Array (examples, height, width, channels) of any values, which are
            drawn from the least to the largest where they leave [0, 1].
        maps: Arrays of the shape of `images`, or without the channels, over which
            they are summed. Each example's map is on a scale of its own.
        titles: One for the images and one for each of `maps`.
        notes: A line below each map, (examples, maps) strings, or none.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: If the numbers of examples or titles are others.

    Example:
        >>> x = np.zeros((2, 8, 8, 1))
        >>> len(image_saliency(x, [x], ["image", "map"]).axes)
        4
    """
    from matplotlib.figure import Figure

    images = np.asarray(images, "float32")
    maps = [np.asarray(part) for part in maps]
    maps = [part.sum(-1) if part.ndim == images.ndim else part for part in maps]
    wanted = images.shape[:-1]  # (examples, height, width)
    if len(titles) != len(maps) + 1 or any(part.shape != wanted for part in maps):
        raise InvalidValue(
            f"`maps` must be of shape {wanted}, and `titles` name the images and each "
            f"map. Received shapes {[part.shape for part in maps]} and {len(titles)} "
            "titles"
        )
    shown = displayable(in_range(images))
    figure = Figure(
        figsize=(1.4 * len(titles), 1.5 * len(shown) + 0.3), layout="constrained"
    )
    axes: Any = figure.subplots(len(shown), len(titles), squeeze=False)
    for i, j in np.ndindex(axes.shape):
        axis = axes[i, j]
        if j == 0:
            axis.imshow(shown[i], cmap="gray", vmin=0, vmax=1)
        else:
            limit = max(np.quantile(np.abs(maps[j - 1][i]), SCALE), 1e-12)
            axis.imshow(maps[j - 1][i], cmap="RdBu_r", vmin=-limit, vmax=limit)
            if len(notes):
                axis.set_xlabel(notes[i][j - 1], fontsize=7)
        axis.set_xticks([])
        axis.set_yticks([])
        if i == 0:
            axis.set_title(titles[j], fontsize=8)
    return figure


def token_saliency(texts: Sequence, titles: Sequence[str], width: int = 100):
    """Returns a figure of texts whose tokens are coloured: red raises, blue lowers.

    Args:
        texts: For each example, the maps of it; a map is a sequence of
            (token, value). Shades go by the largest value of each map.
        titles: One for each map of an example.
        width: Characters in a line.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: If an example has another number of maps than there are titles.

    Example:
        >>> maps = [[("good", 0.9), ("day", -0.1)], [("good", 0.1), ("day", 0.2)]]
        >>> figure = token_saliency([maps], ["trained", "random"])
        >>> len(figure.texts) > 4
        True
    """
    rows, widest = [], max(map(len, titles))
    for maps in texts:
        if len(maps) != len(titles):
            raise InvalidValue(
                f"`texts` must hold {len(titles)} maps of each example, as many as "
                f"`titles`. Received: {len(maps)}"
            )
        for title, found in zip(titles, maps, strict=True):
            largest = max((abs(value) for _, value in found), default=0.0)
            tokens = [(token, _shade(value, largest), "") for token, value in found]
            # As wide as the others, so that the maps' lines break at the same tokens.
            rows.append([(f"{title}:".ljust(widest + 1), PLAIN, ""), *tokens])
    return token_figure(rows, MARKS, width)


def _shade(value, largest):
    share = abs(value) / largest if largest > 0 else 0.0
    shade = sum(share > bound for bound in SHADES)
    return f"{'+' if value > 0 else '-'}{shade}" if shade else PLAIN


def in_range(images):
    """Returns images as they are, or stretched to [0, 1] where they leave that.

    Example:
        >>> in_range(np.array([-1.0, 0.0, 3.0])).tolist()
        [0.0, 0.25, 1.0]
    """
    images = np.asarray(images, "float32")
    low, high = images.min(), images.max()
    if low >= 0 and high <= 1:
        return images
    return (images - low) / max(high - low, 1e-12)
