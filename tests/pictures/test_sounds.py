import types

import numpy as np
import pytest

from kerassl.pictures import spectrograms

FRONT_END = types.SimpleNamespace(hop=0.02, frequencies=np.arange(10) * 100.0)


def test_axes_are_seconds_and_hertz():
    frames = np.random.default_rng(0).standard_normal((6, 50, 10))
    mask = np.ones((6, 50))
    mask[:, 40:] = 0
    rows = {"a": (frames, mask), "b": (frames + 1, mask)}
    figure = spectrograms(rows, FRONT_END)
    *axes, bar = figure.axes
    assert len(axes) == 2 * 4  # the first four sounds of six
    figure.canvas.draw()
    assert axes[0].get_xlim() == (0, 1.0)
    marks = [text.get_text() for text in axes[0].get_yticklabels()]
    assert marks == ["0", "200", "400", "700", "900"]
    images = [axis.images[0] for axis in axes]
    assert len({image.get_clim() for image in images}) == 1
    drawn = images[0].get_array()  # (mels, frames), padding hidden
    assert drawn.shape == (10, 50) and drawn.mask[:, 40:].all()
    np.testing.assert_allclose(drawn[:, :40], frames[0, :40].T, rtol=1e-6)


def test_sounds_without_a_frame_are_drawn_empty():
    empty = np.zeros((2, 5, 10)), np.zeros((2, 5))
    assert len(spectrograms({"a": empty}, FRONT_END).axes) == 3


@pytest.mark.parametrize(
    "rows",
    [
        {},
        {"a": (np.zeros((0, 5, 10)), np.zeros((0, 5)))},
        {
            "a": (np.zeros((1, 5, 10)), np.ones((1, 5))),
            "b": (np.zeros((1, 6, 10)), np.ones((1, 6))),
        },
    ],
    ids=["none", "no sound", "two shapes"],
)
def test_other_rows_are_refused(rows):
    with pytest.raises(ValueError, match="`rows` must hold"):
        spectrograms(rows, FRONT_END)
