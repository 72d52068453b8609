"""What a run reads: its own examples or the preset's, to train and to test."""

from pathlib import Path

import keras
import numpy as np

from kerassl import zoo
from kerassl.checks import user_path
from kerassl.data import Subset, as_source
from kerassl.data.conversion import ARRAY_SUFFIXES, reader_of
from kerassl.data.dataset import prepared_batches
from kerassl.errors import InvalidType, InvalidValue
from kerassl.pretraining.division import a_few, a_fifth

DRAWN_EXAMPLES = 8


def sources(plan, examples, seed, kinds):
    """Returns the training source and a test source or None.

    Args:
        plan: The run's configuration, which gets "examples".
        examples: What the user gave, None for the preset's own.
        seed: Integer, draws the test examples.
        kinds: The kinds of labels for which examples are kept out to test on, where
            the data have no test split of their own; None is in it where examples
            without labels are kept out too.
    """
    plan["examples"] = described(examples)
    train = read(plan, examples)
    _check_length(train)
    if examples is None:
        test = _test_split(plan["data"])
        if test is not None:
            return train, test
    kind = None if train.labels is None else train.label_kind
    if kind not in kinds and None not in kinds:
        return train, None
    if train.test is not None:
        return train, train.test
    if kind is None and "held_out" in plan:
        return a_few(train, seed, plan["held_out"])
    return a_fifth(train, seed)


def _check_length(source):
    try:
        len(source)
    except (TypeError, OverflowError) as error:
        raise InvalidValue(
            "`data` must say how many examples it has: a tf.data.Dataset of unknown "
            "or endless length is given one by "
            "`dataset.apply(tf.data.experimental.assert_cardinality(n))`, after "
            "`take(n)` where it is endless."
        ) from error


def read(plan, examples):
    """Returns the source of examples, None for the preset's own."""
    if examples is not None:
        options = {**_options(plan, examples), **plan.get("reading", {})}
        try:
            return as_source(examples, modality=plan.get("modality"), **options)
        except TypeError as error:  # of an option that this kind does not have
            raise InvalidType(f"`data` cannot be read so: {error}") from error
    if "data" not in plan:
        raise InvalidValue("`data` is needed when a task of your own is pretrained.")
    return as_source(zoo.build(plan["data"], "source"), modality=plan["modality"])


def _options(plan, examples):
    """Returns how to read what lies at a path so that it fits the preset."""
    if not isinstance(examples, str | Path):
        return {}
    path = user_path(examples, "data")
    if not path.exists() or path.suffix.lower() in ARRAY_SUFFIXES:
        return {}
    return reader_of([path], plan.get("modality")).fitted_options(plan)


def described(examples):
    """Returns what run.json says of the data: the paths, else only the type."""
    if examples is None or isinstance(examples, str):
        return examples
    if isinstance(examples, Path):
        return str(examples)
    if isinstance(examples, list) and examples:
        if all(isinstance(path, Path) for path in examples):
            return [str(path) for path in examples]
    return f"<{type(examples).__name__}>"


def read_back(described, name="data"):
    """Returns the data that run.json names, the reverse of `described`."""
    if isinstance(described, list):
        return [Path(path) for path in described]
    if described is not None and described.startswith("<"):
        raise InvalidValue(
            f"`{name}` is needed: the run was given an object in memory, {described}."
        )
    return described


def _test_split(spec):
    from kerassl.zoo.assemble import accepted, resolve

    known = accepted(resolve(spec["class"], "source")) or ()
    if "split" not in known:
        return None
    return as_source(zoo.build({**spec, "split": "test"}, "source"))


def prepared(pretext, source, limit=None):
    """Returns clean encoder inputs of a source as NumPy arrays."""
    if limit is not None and limit < len(source):
        source = Subset(source, np.arange(limit))
    batches = list(prepared_batches(source, pretext).as_numpy_iterator())
    return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *batches)


def drawn(source):
    """Returns the examples that a run draws, from all over the data.

    The first ones of a folder are often of one class.
    """
    count = min(DRAWN_EXAMPLES, len(source))
    return source.fetch(np.linspace(0, len(source) - 1, count, dtype="int64"))
