"""What is exported: a run's encoder, with some examples to check it on."""

import dataclasses
import functools
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from kerassl.data import Subset
from kerassl.data.source import Source
from kerassl.errors import InvalidValue
from kerassl.modalities import modality_of
from kerassl.runs import Run
from kerassl.use.embedding import source_for

# Examples that an export is checked on and int8 calibrated with.
CHECKED = 64
# Texts of no one's, for examples that are passed on.
TEXTS = ("A cat sat on the mat.", "What is this text about?")
MADE_UP = 2


@dataclass
class Subject:
    """A run's encoder, its pretext layer, and some of its examples.

    Attributes:
        run: The `Run`.
        task: Its task; the encoder in it may be changed, as by quantisation.
        source: The examples, a `Source`.
        modality: What they are, a key of `MODALITIES`.
        kept: What a format keeps of its work, by name.
    """

    run: Run
    task: Any
    source: Source
    modality: str
    kept: dict = field(default_factory=dict)

    @functools.cached_property
    def examples(self):
        """A batch of the raw examples, arrays."""
        return as_arrays(self.source.fetch(np.arange(len(self.source))))

    @functools.cached_property
    def prepared(self):
        """The same as the encoder takes them, arrays."""
        return as_arrays(self.task.pretext.prepare(self.examples))

    @functools.cached_property
    def features(self):
        """Float32 array (examples, dim), what the encoder gives them."""
        return self.task.encode(self.source)

    @property
    def labels(self):
        """Integer array (examples,), or None where they have no classes."""
        return self.source.labels if self.source.label_kind == "classes" else None


def subject_of(run, data=None, count=CHECKED) -> Subject:
    """Returns what is exported of a run.

    Args:
        run: A finished `Run`.
        data: Examples as `kerassl.embed` takes them, None for the run's own.
        count: How many examples, at most; from all over the data.

    Raises:
        FileNotFoundError: If the run has not finished or the data are gone.
        ValueError: If the task cannot prepare raw examples.
    """
    task = run.task
    if task.pretext is None or not task.pretext.prepares:
        raise InvalidValue(
            f"`run` must know how raw examples are prepared, and the pretext layer of "
            f"{run.path} does not."
        )
    source = source_for(run, data)
    positions = np.linspace(0, len(source) - 1, min(count, len(source)), dtype="int64")
    source = Subset(source, positions)
    modality = modality_of(source) or run.config["modality"]
    return Subject(run, task, source, modality)


def made_up(subject: Subject) -> Subject:
    """Returns the subject with examples of no one's, which may be passed on.

    Of texts they are ours; of numbers evenly drawn, from the least to the greatest
    that the subject's examples hold.
    """
    random = np.random.default_rng(0)
    found = dataclasses.replace(subject)
    found.__dict__["examples"] = keras.tree.map_structure(
        lambda values: _like(values, random), subject.examples
    )
    return found


def _like(values, random):
    shape = (MADE_UP, *values.shape[1:])
    if values.dtype.kind in "OSU":
        return np.array(TEXTS)
    least, most = values.min(), values.max()
    if values.dtype.kind in "iub":
        drawn = random.integers(int(least), int(most) + 1, shape)
    else:
        drawn = random.uniform(least, most, shape)
    return drawn.astype(values.dtype)


def as_arrays(tensors):
    """Returns any structure of tensors as NumPy arrays."""
    return keras.tree.map_structure(np.asarray, tensors)
