"""What an encoder takes: what the `prepare` of its pretext layer makes."""

import dataclasses

import keras
import numpy as np

from kerassl.errors import InvalidValue

# Resampling and half precision may leave a range by so much of its width.
SLACK = 1e-3
HOW = "`task.encode` takes raw examples, `task.pretext.prepare` makes these of them"


@dataclasses.dataclass(frozen=True)
class EncoderInput:
    """What the values are that an encoder takes, in words and numbers.

    Attributes:
        values: What they are, such as "images".
        made: How they are made of raw examples, in words, or "".
        least: The least that there can be, or None where there is no bound.
        most: The most that there can be, or None.
        key: Of inputs that are a dict, the entry that this is of; None for all.

    Example:
        >>> EncoderInput("images", "uint8 divided by 255", 0.0, 1.0).told()
        'images in [0, 1] (uint8 divided by 255)'
    """

    values: str = "what `prepare` of the pretext layer gives"
    made: str = ""
    least: float | None = None
    most: float | None = None
    key: str | None = None

    def told(self) -> str:
        """Returns all of it in words."""
        bounds = (self.least, self.most)
        inside = "" if None in bounds else " in [{:.6g}, {:.6g}]".format(*bounds)
        return f"{self.values}{inside}" + (f" ({self.made})" if self.made else "")

    def check(self, x) -> None:
        """Raises where inputs of an encoder are raw examples, or out of range.

        Args:
            x: What is given to the encoder, an array or a dict of arrays.

        Raises:
            ValueError: If values lie outside the range; NaN lies in none.

        Example:
            >>> EncoderInput("images", least=0.0, most=1.0).check(np.array([255]))
            Traceback (most recent call last):
            ...
            kerassl.errors.InvalidValue: `x` must hold images in [0, 1]. Received \
values from 255 to 255: `task.encode` takes raw examples, `task.pretext.prepare` makes \
these of them.
        """
        if self.least is None or self.most is None:
            return
        for name, part in _named(x).items():
            part = np.asarray(part)
            if self.key not in (None, name) or part.size == 0:
                continue
            if part.dtype.kind in "OSU":
                raise InvalidValue(
                    f"`x` must hold {self.told()}. Received {part.dtype}: {HOW}."
                )
            slack = SLACK * (self.most - self.least)
            low, high = part.min(), part.max()
            if not (low >= self.least - slack and high <= self.most + slack):
                raise InvalidValue(
                    f"`x` must hold {self.told()}. Received values from {low:.6g} to "
                    f"{high:.6g}: {HOW}."
                )


def described_input(pretext, encoder) -> dict:
    """Returns what an encoder takes, in JSON's types.

    Args:
        pretext: The `PretextLayer` whose `prepare` makes it, or None.
        encoder: The `keras.Model`.

    Returns:
        A dict: "told", a sentence; "values", "made", "least" and "most" as in
        `EncoderInput`; "tensors", {name: {"dtype", "shape" without the batch}}.

    Example:
        >>> from kerassl.zoo import load
        >>> task = load("simclr_digits")
        >>> described_input(task.pretext, task.encoder)["told"]
        'float32 (8, 8, 1): images in [0, 1] (uint8 divided by 255)'
    """
    found = EncoderInput() if pretext is None else pretext.encoder_input
    tensors = {
        name: {"dtype": part.dtype, "shape": list(part.shape[1:])}
        for name, part in _named(_inputs(encoder)).items()
    }
    shown = ", ".join(
        f"{f'`{name}` ' if len(tensors) > 1 else ''}{facts['dtype']} "
        f"({_shown(facts['shape'])})"
        for name, facts in tensors.items()
    )
    return {
        "told": f"{shown}: {found.told()}" if shown else found.told(),
        **{
            key: value
            for key, value in dataclasses.asdict(found).items()
            if key != "key"
        },
        "tensors": tensors,
    }


def _inputs(encoder):
    try:
        return encoder.input
    except (AttributeError, ValueError):  # of a class of one's own, not functional
        return {}


def _named(x):
    """Returns inputs as a dict by name."""
    if isinstance(x, dict):
        return x
    return {
        getattr(part, "name", str(i)): part
        for i, part in enumerate(keras.tree.flatten(x))
    }


def _shown(shape):
    sides = ", ".join("any" if side is None else str(side) for side in shape)
    return f"{sides}," if len(shape) == 1 else sides
