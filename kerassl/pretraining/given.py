"""The examples that a user gives beside those to train on: they must go together."""

import dataclasses

import numpy as np

from kerassl.data import Source, Subset
from kerassl.data.dataset import check_examples, check_fits
from kerassl.errors import InvalidType, InvalidValue
from kerassl.modalities import modality_of
from kerassl.pretraining.examples import described, read, sources


@dataclasses.dataclass
class Examples:
    """What a run reads.

    Attributes:
        train: The `Source` to train on.
        test: The `Source` to measure on, or None.
        validation: The `Source` to choose settings on and to watch the loss on, or
            None.
    """

    train: Source
    test: Source | None = None
    validation: Source | None = None

    def check(self, task):
        """Raises where a task cannot take the examples to test or to choose on."""
        for name in ("test", "validation"):
            source = getattr(self, name)
            try:
                if source is not None:
                    check_examples(source, task.pretext)
                    check_fits(source, task.pretext, task.encoder)
            except InvalidValue as error:
                raise InvalidValue(f"`{name}_data`: {error}") from error


def read_all(plan, *, data, test, validation, seed, kinds):
    """Returns the `Examples` of a run.

    Args:
        plan: The run's configuration, which gets what is told of what was given.
        data: What the user gave to train on, None for the preset's own.
        test: What the user gave to measure on. None keeps a part of the data out.
        validation: What the user gave to choose on, or None.
        seed: As in `sources`, and so `kinds`.
        kinds: See `seed`.
    """
    train, held_out = sources(plan, data, seed, kinds if test is None else set())
    return Examples(
        train,
        held_out if test is None else beside(plan, train, test, "test"),
        beside(plan, train, validation, "validation"),
    )


def beside(plan, train, examples, name):
    """Returns a source of examples that the user gave beside those to train on.

    Args:
        plan: The run's configuration, which gets what is told of them.
        train: The `Source` of those to train on.
        examples: What the user gave; None gives None.
        name: What they are for, "test" or "validation".

    Raises:
        ValueError: If they are of another kind than those to train on, or have
            classes that these lack.
    """
    if examples is None:
        return None
    try:
        source = read(plan, examples)
        if source.sequential:
            raise InvalidValue("expected examples that can be read at any position.")
        _check_kind(train, source)
        source = _with_classes_of(train, source)
    except (FileNotFoundError, InvalidType, InvalidValue) as error:
        raise type(error)(f"`{name}_data`: {error}") from error
    plan[f"{name}_data"] = described(examples)
    plan[f"{name}_used"] = source.describe()
    return source


def _check_kind(train, source):
    if train.sequential:
        return  # its examples come in their own order, and the first is not read twice
    kind, other = modality_of(train), modality_of(source)
    if kind != other:
        raise InvalidValue(
            f"expected examples of the kind that `data` holds, {kind}. Received: "
            f"{other}"
        )


def _with_classes_of(train, source):
    """Returns a source whose labels are those of another, or none where it has none."""
    if source.labels is None:
        return source
    part = Subset(source, np.arange(len(source)))
    several = train.labels is not None and len(np.unique(train.labels)) > 1
    if train.label_kind != source.label_kind or not several:
        part.labels = None
    elif train.label_kind == "classes":
        part.labels = _as_numbered(train, source)
        part.class_names = train.class_names
    return part


def _as_numbered(train, source):
    """Returns the classes of a source by the numbers that another gives them."""
    names, known = source.class_names, train.class_names
    if names is None or known is None:
        names, known = range(source.labels.max() + 1), range(train.labels.max() + 1)
    held = [known[number] for number in np.unique(train.labels)]
    unknown = [names[n] for n in np.unique(source.labels) if names[n] not in held]
    if unknown:
        raise InvalidValue(
            f"expected classes that `data` have too. Received others: {unknown[:5]}"
        )
    numbers = {name: number for number, name in enumerate(known)}
    # Of a name without examples any number is right.
    return np.array([numbers.get(name, 0) for name in names])[source.labels]
