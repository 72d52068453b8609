"""What `fit`, `evaluate` and `predict` read, made of what a user gives."""

import numpy as np
import tensorflow as tf

from kerassl import distribute
from kerassl.data.conversion import as_source
from kerassl.data.dataset import batched_dataset
from kerassl.data.subset import Subset
from kerassl.data.windows import windows_for
from kerassl.errors import InvalidValue
from kerassl.models.given import BATCHES, EXAMPLES, READY, read
from kerassl.models.own_views import as_views, is_pair

# What Keras takes where nothing is said.
BATCH_SIZE = 32


def training_data(task, options, seed):
    """Returns the arguments of `fit` with data that are ready for training.

    Args:
        task: A `PretextModel`.
        options: Dict of the arguments of `keras.Model.fit`.
        seed: Integer, from which all randomness of raw examples comes.

    Raises:
        ValueError: If it is not clear what the data are, or they cannot be read.
    """
    size = options.get("batch_size")
    targets = [options.get(name) for name in ("y", "sample_weight")]
    kind, x = read(task, options.get("x"), *targets)
    held_out = options.get("validation_data")
    if kind != READY:
        split = options.pop("validation_split", 0.0)
        if split and held_out is None:
            x, held_out = _split(kind, x, split)
        in_order = kind == BATCHES or hasattr(x, "element_spec")
        if not in_order and options.get("shuffle", True) is False:
            raise InvalidValue(
                "`shuffle` must be True for raw examples. A tf.data.Dataset keeps its "
                "order: give tf.data.Dataset.from_tensor_slices(x)."
            )
        start = distribute.steps_done(task) if task.compiled else 0
        options["x"] = _endless(task, kind, x, size, seed, start)
        options["batch_size"] = options["y"] = None
    if held_out is not None:
        size = options.get("validation_batch_size") or size
        options["validation_data"] = _validation(task, held_out, size)
    return options


def one_pass(task, x, y=None, batch_size=None, *, loss=True):
    """Returns batches of all examples once, or None where `x` is ready as it is.

    Args:
        task: A `PretextModel`.
        x: What `evaluate` and `predict` take.
        y: Targets of ready arrays, or None.
        batch_size: Examples in a batch at most, or None.
        loss: As in `read`.
    """
    kind, x = read(task, x, y, loss=loss)
    if kind == READY:
        return None
    if kind == BATCHES:
        return _made_of_batches(task, x)
    return task.dataset(*_sized(task, x, batch_size))


def _sized(task, x, batch_size):
    """Returns the examples, and the size of a batch, at most that of all."""
    layer = task.pretext
    if is_pair(task, x):
        count = len(x) if hasattr(x, "element_spec") else len(x[0])
    else:
        x = windows_for(as_source(x), layer)
        count = _length(x)
    wanted = BATCH_SIZE if batch_size is None else batch_size
    return x, wanted if count is None else min(wanted, count)


def _length(source):
    try:
        return len(source)
    except TypeError:  # a stream of unknown length
        return None


def _endless(task, kind, x, batch_size, seed, start):
    """Returns the endless batches that `fit` trains on, from a step on."""
    if kind == EXAMPLES:
        x, size = _sized(task, x, batch_size)
        # A batch that was asked for is not made smaller without a word.
        return task.dataset(x, size if batch_size is None else batch_size, seed, start)
    least = max(task.least_examples, distribute.num_shares(task))
    enough = x.filter(lambda *batch: tf.shape(tf.nest.flatten(batch)[0])[0] >= least)
    steps = int(x.cardinality())
    dataset = _made_of_batches(task, enough.repeat().skip(start), seed, start)
    dataset.steps_per_epoch = steps if steps > 0 else None
    return dataset


def _made_of_batches(task, batches, seed=0, start=0):
    batches, layer = as_views(task, batches)
    reads = [key for key in task.reads if key != "weight"]
    return batched_dataset(batches, layer, seed=seed, start=start, reads=reads)


def _validation(task, data, batch_size):
    """Returns what `fit` takes as `validation_data`, raw examples made ready."""
    x, y = data, None
    if isinstance(data, tuple) and not is_pair(task, data):
        x, y = data[0], data[1] if len(data) > 1 else None
    batches = one_pass(task, x, y, batch_size)
    return data if batches is None else batches


def _split(kind, x, share):
    """Returns (examples to train on, the last share of them), as Keras splits."""
    if not isinstance(share, float) or not 0 < share < 1:
        raise InvalidValue(
            f"`validation_split` must be a number between 0 and 1. Received: {share!r}"
        )
    if kind == BATCHES or hasattr(x, "element_spec"):
        raise InvalidValue(
            "`validation_split` is for arrays and lists. Of a tf.data.Dataset give "
            "`validation_data`, as by dataset.take(n) and dataset.skip(n)."
        )
    if isinstance(x, tuple):
        first = round(len(x[0]) * (1 - share))
        return tuple(part[:first] for part in x), tuple(part[first:] for part in x)
    source = as_source(x)
    first = round(len(source) * (1 - share))
    if not 0 < first < len(source):
        raise InvalidValue(
            f"`validation_split` must leave examples on both sides. Received: {share} "
            f"of {len(source)}"
        )
    kept, rest = np.split(np.arange(len(source)), [first])
    return Subset(source, kept), Subset(source, rest)
