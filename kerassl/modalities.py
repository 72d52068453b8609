"""The kinds of data there are, and what one example of each is."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kerassl.errors import InvalidValue


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
        drawn_by: Dotted name of the function of (examples, titles) that draws some
            of them beside each other, or None.
    """

    wanted: str
    rank: int
    is_text: bool = False
    arranged: Callable[[Any], Any] = _unchanged
    drawn_by: str | None = None

    def sheet(self, examples: Any, titles: Sequence[str]) -> Any:
        """Returns a `matplotlib.figure.Figure` of examples under their titles.

        Raises:
            ValueError: If there is no picture of such examples.
        """
        if self.drawn_by is None:
            raise InvalidValue(f"There is no picture of {self.wanted}.")
        module, _, name = self.drawn_by.rpartition(".")
        return getattr(importlib.import_module(module), name)(examples, titles)


MODALITIES = {
    "audio": Modality(
        "waveforms of one channel, (samples,)",
        rank=1,
        drawn_by="kerassl.pictures.sound_sheet",
    ),
    "image": Modality(
        "images of shape (height, width, channels)",
        rank=3,
        arranged=_with_channels,
        drawn_by="kerassl.pictures.image_sheet",
    ),
    "text": Modality("strings", rank=0, is_text=True),
    "vector": Modality("vectors of numbers", rank=1),
}
