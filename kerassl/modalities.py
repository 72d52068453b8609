"""The kinds of data there are, and what one example of each is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def _unchanged(array: Any) -> Any:
    return array


def _with_channels(images: Any) -> Any:
    """Returns images with a channel axis, which grey ones may lack."""
    return images[..., None] if images.ndim == 3 else images


@dataclass(frozen=True)
class Modality:
    """A kind of data.

    Attributes:
        wanted: How messages call its examples, in the plural.
        rank: Axes of one example.
        is_text: Whether an example is a string.
        arranged: Function from an array of a user's examples to one of this rank,
            where another shape is usual too.
    """

    wanted: str
    rank: int
    is_text: bool = False
    arranged: Callable[[Any], Any] = _unchanged


MODALITIES = {
    "audio": Modality("waveforms of one channel, (samples,)", rank=1),
    "image": Modality(
        "images of shape (height, width, channels)", rank=3, arranged=_with_channels
    ),
    "text": Modality("strings", rank=0, is_text=True),
    "vector": Modality("vectors of numbers", rank=1),
}
