"""Pictures of sound: spectrograms over time and pitch."""

from collections.abc import Mapping

import numpy as np

from kerassl.errors import InvalidValue

# Sounds shown beside each other, and marks on the axis of frequencies.
MOST_SHOWN, FREQUENCY_MARKS = 4, 5


def spectrograms(rows: Mapping, front_end):
    """Returns a figure with one row a kind of frames and one column a sound.

    All spectrograms share one scale of colours. Padding at the end stays white.

    Args:
        rows: Title -> (frames, mask): float (sounds, frames, num_mels) and numbers
            (sounds, frames), above 0 at frames to show. The first 4 sounds are shown.
        front_end: What knows `hop`, in seconds, and `frequencies`, the centre of each
            mel in Hz, such as a `kerassl.layers.LogMel`.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: If there is no row, or the shapes differ.

    Example:
        >>> import types
        >>> front_end = types.SimpleNamespace(hop=0.01, frequencies=np.arange(8) * 100)
        >>> frames = np.zeros((2, 30, 8)), np.ones((2, 30))
        >>> len(spectrograms({"heard": frames}, front_end).axes)
        3
    """
    from matplotlib.figure import Figure

    parts = {title: _shown(*pair) for title, pair in rows.items()}
    shapes = {part.shape for part in parts.values()}
    if len(shapes) != 1 or min(next(iter(shapes))) < 1:
        raise InvalidValue(
            "`rows` must hold one or more arrays of frames with one shape. Received: "
            f"{sorted(shapes)}"
        )
    count, length, _ = shapes.pop()
    figure = Figure(
        figsize=(0.8 + 2.1 * count, 0.5 + 1.6 * len(parts)), layout="constrained"
    )
    axes = figure.subplots(len(parts), count, squeeze=False, sharex=True, sharey=True)
    values = np.concatenate([part.compressed() for part in parts.values()])
    low, high = np.percentile(values, [1, 99]) if len(values) else (0.0, 1.0)
    for line, (title, part) in zip(axes, parts.items(), strict=True):
        for axis, sound in zip(line, part, strict=True):
            drawn = axis.imshow(
                sound.T,
                origin="lower",
                aspect="auto",
                interpolation="nearest",
                vmin=low,
                vmax=high,
                extent=(0, length * front_end.hop, -0.5, part.shape[-1] - 0.5),
            )
        line[0].set_title(title, fontsize=9, loc="left")
        line[0].set_ylabel("Hz", fontsize=8)
    for axis in axes[-1]:
        axis.set_xlabel("s", fontsize=8)
    _mark_frequencies(axes, front_end.frequencies)
    figure.colorbar(drawn, ax=axes, label="log-mel", shrink=0.7)
    return figure


def _shown(frames, mask):
    """Returns a masked array of the sounds to draw."""
    frames = np.asarray(frames, "float32")[:MOST_SHOWN]
    hidden = np.asarray(mask)[:MOST_SHOWN, :, None] <= 0
    return np.ma.array(frames, mask=np.broadcast_to(hidden, frames.shape))


def _mark_frequencies(axes, frequencies):
    places = np.linspace(0, len(frequencies) - 1, FREQUENCY_MARKS).round().astype(int)
    axes[0, 0].set_yticks(places, [f"{frequencies[i]:,.0f}" for i in places])
    for axis in axes.flat:
        axis.tick_params(labelsize=7)
