"""Small square images of examples, for maps with thousands of them."""

import numpy as np
from PIL import Image

from kerassl.pictures.images import displayable


def image_thumbnails(images, side: int):
    """Returns images as small squares, whole, on white.

    Args:
        images: Array (examples, height, width, channels) with 1 or 3 channels,
            uint8 in [0, 255] or float in [0, 1].
        side: Pixels.

    Returns:
        Uint8 array (examples, side, side, 3).

    Example:
        >>> image_thumbnails(np.zeros((2, 8, 4, 1)), 16).shape
        (2, 16, 16, 3)
    """
    shown = (255 * displayable(images)).round().astype("uint8")
    return np.stack([_square(Image.fromarray(each), side) for each in shown])


def sound_thumbnails(sounds, side: int):
    """Returns the loudness of sounds over time, as bars from the middle.

    Args:
        sounds: Array (examples, samples), or a dict of these as `"waveform"` and
            integers (examples,) as `"length"`.
        side: Pixels, and bars.

    Returns:
        Uint8 array (examples, side, side, 3).

    Example:
        >>> sound_thumbnails(np.ones((2, 80)), 16).shape
        (2, 16, 16, 3)
    """
    waves = np.asarray(sounds["waveform"] if isinstance(sounds, dict) else sounds)
    lengths = np.full(len(waves), waves.shape[1])
    if isinstance(sounds, dict):
        lengths = np.asarray(sounds["length"])
    rows = np.abs(np.linspace(-1, 1, side))[:, None]
    found = np.full((len(waves), side, side, 3), 255, "uint8")
    for image, wave, length in zip(found, waves, lengths, strict=True):
        parts = np.array_split(np.abs(wave[: max(1, length)]), side)
        peaks = np.array([part.max() if len(part) else 0.0 for part in parts])
        image[rows <= peaks / max(peaks.max(), 1e-9)] = (31, 119, 180)
    return found


def _square(image, side):
    scale = side / max(image.size)
    size = [max(1, round(scale * length)) for length in image.size]
    # A handful of pixels, such as of a digit, stays sharp.
    how = Image.Resampling.NEAREST if scale >= 2 else Image.Resampling.LANCZOS
    square = Image.new("RGB", (side, side), "white")
    square.paste(image.resize(size, how), [(side - length) // 2 for length in size])
    return np.asarray(square)
