"""The kinds of data there are, and what one example of each is."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerassl.errors import InvalidValue


def _unchanged(array: Any) -> Any:
    return array


def _with_channels(images: Any) -> Any:
    """Returns images with a channel axis, which grey ones may lack."""
    return images[..., None] if images.ndim == 3 else images


def _named(dotted: str) -> Any:
    """Returns what a dotted name stands for."""
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)


@dataclass(frozen=True)
class Modality:
    """A kind of data.

    Attributes:
        wanted: How messages call its examples, in the plural.
        rank: Axes of one example.
        is_text: Whether an example is a string.
        arranged: Function from an array of a user's examples to one of this rank,
            where another shape is usual too.
        key: Where an example may be a dict, the key by which it is one of these.
        quantity: What the numbers of such examples are measured in, by which a bare
            array is told from another kind of the same rank; empty where that is not
            needed.
        inputs: What is known of such examples without any encoder: functions, or
            their dotted names, of (train, test, seed=...), two sources and an
            integer, that return a list of `kerassl.transfer.InputFeatures`.
        open_axes: Axes of a batch, its own 0, in which examples may be of any length.
        drawn_by: Dotted name of the function of (examples, titles) that draws some
            of them beside each other, or None.
        thumbnails_by: Dotted name of the function of (examples, side) that makes a
            small square image of each, or None.
        explained_by: Of the kinds of `kerassl.explain` that there are for such
            examples, {kind: dotted name of the function of (task, examples, names,
            seed=..., progress=...) that returns a `kerassl.transfer.Explanation`}.
    """

    wanted: str
    rank: int
    is_text: bool = False
    arranged: Callable[[Any], Any] = _unchanged
    key: str = ""
    quantity: str = ""
    inputs: tuple[str | Callable, ...] = ()
    open_axes: tuple[int, ...] = ()
    drawn_by: str | None = None
    thumbnails_by: str | None = None
    explained_by: Mapping[str, str] = field(default_factory=dict)

    def holds(self, example: Any, quantities: Collection[str] = ()) -> bool:
        """Tells whether examples are of this kind, by their shape.

        Args:
            example: A tensor, or a dict of tensors, with the batch first.
            quantities: Names of what their numbers are measured in.

        Example:
            >>> import numpy as np
            >>> images = np.zeros((1, 8, 8, 3))
            >>> [name for name, kind in MODALITIES.items() if kind.holds(images)]
            ['image']
        """
        if isinstance(example, dict):
            return bool(self.key) and self.key in example
        if not hasattr(example, "shape") or not hasattr(example, "dtype"):
            return False
        kind = str(getattr(example.dtype, "name", example.dtype))
        is_text = kind in ("string", "object") or kind.startswith(("str", "bytes"))
        return (
            is_text == self.is_text
            and len(example.shape) == self.rank + 1
            and (not self.quantity or self.quantity in quantities)
        )

    def sheet(self, examples: Any, titles: Sequence[str]) -> Any:
        """Returns a `matplotlib.figure.Figure` of examples under their titles.

        Raises:
            ValueError: If there is no picture of such examples.
        """
        if self.drawn_by is None:
            raise InvalidValue(f"There is no picture of {self.wanted}.")
        return _named(self.drawn_by)(examples, titles)

    def thumbnails(self, examples: Any, side: int) -> Any:
        """Returns small images of examples, a uint8 array (examples, side, side, 3).

        Args:
            examples: A batch.
            side: Pixels.

        Raises:
            ValueError: If there is no picture of such examples.
        """
        if self.thumbnails_by is None:
            raise InvalidValue(f"There is no picture of {self.wanted}.")
        return _named(self.thumbnails_by)(examples, side)

    def explainer(self, kind: str) -> Callable | None:
        """Returns the function that explains such examples, or None."""
        name = self.explained_by.get(kind)
        return None if name is None else _named(name)


def modality_of(source: Any) -> str | None:
    """Returns the kind of a source's examples, None where it is not known.

    A source says it, or else its first example is looked at: numbers in a row are
    sounds where the source has a sample rate, and else vectors.

    Args:
        source: A `kerassl.data.Source`.

    Returns:
        A key of `MODALITIES`.

    Example:
        >>> from kerassl.data import ArraySource
        >>> modality_of(ArraySource(["a text"]))
        'text'
    """
    if source.modality is not None:
        return source.modality
    example = source.fetch([0])
    for name, modality in MODALITIES.items():
        if modality.holds(example, source.quantities):
            return name
    return None


MODALITIES = {
    "audio": Modality(
        "waveforms of one channel, (samples,)",
        rank=1,
        key="waveform",
        quantity="sample_rate",
        open_axes=(1,),
        inputs=("kerassl.transfer.inputs.sounds.log_mel_statistics",),
        drawn_by="kerassl.pictures.sound_sheet",
        thumbnails_by="kerassl.pictures.sound_thumbnails",
    ),
    "image": Modality(
        "images of shape (height, width, channels)",
        rank=3,
        open_axes=(1, 2),
        arranged=_with_channels,
        drawn_by="kerassl.pictures.image_sheet",
        thumbnails_by="kerassl.pictures.image_thumbnails",
        inputs=("kerassl.transfer.inputs.pixels.pixels",),
        explained_by={
            "attention": "kerassl.transfer.explained_attention.attention_over_patches",
            "saliency": "kerassl.transfer.explained_saliency.saliency_of_pixels",
        },
    ),
    "text": Modality(
        "strings",
        rank=0,
        is_text=True,
        inputs=("kerassl.transfer.inputs.texts.texts",),
        drawn_by="kerassl.pictures.text_sheet",
        explained_by={
            "attention": "kerassl.transfer.explained_attention."
            "attention_between_tokens",
            "saliency": "kerassl.transfer.explained_saliency.saliency_of_tokens",
        },
    ),
    "vector": Modality(
        "vectors of numbers",
        rank=1,
        inputs=("kerassl.transfer.inputs.values.raw_values",),
    ),
}
