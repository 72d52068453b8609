"""Texts below each other, each under its title."""

import textwrap
from collections.abc import Sequence

import numpy as np

from kerassl.errors import InvalidValue
from kerassl.pictures.fonts import fonts_for

# Of a text, and of a line of it. Chinese signs are twice as wide.
MOST_CHARACTERS = 200
WIDTH = 100


def text_sheet(texts, titles: Sequence[str]):
    """Returns a figure of texts, one below the other.

    Args:
        texts: Array of strings, or of bytes in UTF-8; of each the first 200
            characters are shown.
        titles: One for each.

    Returns:
        `matplotlib.figure.Figure`, with a text for each title.

    Raises:
        ValueError: If there is not one title for each text.

    Example:
        >>> len(text_sheet(["how to sort", "sorted()"], ["query", "1: 0.98"]).axes)
        2
    """
    from matplotlib.figure import Figure

    if len(titles) != len(texts):
        raise InvalidValue(
            f"`titles` must name each of {len(texts)} examples. Received: {len(titles)}"
        )
    texts = [_shown(text) for text in np.asarray(texts, object)]
    families, drawn = fonts_for(texts)
    lines = [textwrap.wrap(text, WIDTH // _cells(text)) or [""] for text in texts]
    heights = [len(each) + 0.6 for each in lines]
    figure = Figure(figsize=(8.5, 0.19 * sum(heights) + 0.2))
    top = 1.0
    for title, each, height in zip(titles, lines, heights, strict=True):
        top -= height / sum(heights)
        axis = figure.add_axes((0.01, top, 0.98, height / sum(heights)))
        axis.set_axis_off()
        # Titles of axes, as of sheets of images, so that they can be coloured.
        axis.set_title(title, fontsize=8, x=0.0, ha="left", y=1.0, pad=-8)
        text = drawn("\n".join(each)).replace("$", r"\$")
        axis.text(0.14, 0.95, text, family=families, fontsize=8, va="top")
    drawn.explain(figure)
    return figure


def _shown(text):
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return " ".join(text.split())[:MOST_CHARACTERS]


def _cells(text):
    return 1 if text.isascii() else 2
