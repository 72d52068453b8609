"""Examples beside each other, each under its title."""

import textwrap
from collections.abc import Callable, Sequence

import numpy as np

from kerassl.errors import InvalidValue
from kerassl.pictures.fonts import fonts_for
from kerassl.pictures.images import displayable
from kerassl.pictures.labels import plain, short

COLUMNS = 6
# Letters of a title, in two lines.
TITLE = 36


def image_sheet(images, titles: Sequence[str]):
    """Returns a figure of images, six in a row.

    Args:
        images: Array (examples, height, width, channels) with 1 or 3 channels,
            uint8 in [0, 255] or float in [0, 1].
        titles: One for each.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: If there is not one title for each image.

    Example:
        >>> len(image_sheet(np.zeros((2, 8, 8, 1)), ["query", "1: 0.98"]).axes)
        2
    """
    shown = displayable(images)

    def draw(axis, i):
        axis.imshow(shown[i], cmap="gray", vmin=0, vmax=1)

    return _sheet(draw, titles, len(shown), 1.6)


def sound_sheet(sounds, titles: Sequence[str]):
    """Returns a figure of waveforms, six in a row.

    Args:
        sounds: Array (examples, samples), or a dict of these as `"waveform"` and
            integers (examples,) as `"length"`, samples that are no padding.
        titles: One for each.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: If there is not one title for each sound.

    Example:
        >>> len(sound_sheet(np.zeros((2, 80)), ["query", "1: 0.98"]).axes)
        2
    """
    waves = sounds["waveform"] if isinstance(sounds, dict) else sounds
    waves = np.asarray(waves, "float32")
    lengths = np.full(len(waves), waves.shape[1])
    if isinstance(sounds, dict):
        lengths = np.asarray(sounds["length"])

    def draw(axis, i):
        axis.plot(waves[i, : lengths[i]], linewidth=0.5)

    return _sheet(draw, titles, len(waves), 1.2)


def _sheet(draw: Callable, titles, count, height):
    from matplotlib.figure import Figure

    if len(titles) != count:
        raise InvalidValue(
            f"`titles` must name each of {count} examples. Received: {len(titles)}"
        )
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(1.5 * columns, height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    families, drawn = fonts_for([*titles, "…"])
    drawn.explain(figure)
    for i, axis in enumerate(axes):
        axis.set_axis_off()
        if i < count:
            draw(axis, i)
            told = textwrap.wrap(short(drawn(titles[i]), TITLE), TITLE // 2 + 2)
            axis.set_title(plain("\n".join(told)), fontsize=8, family=families)
        else:
            axis.remove()
    return figure
