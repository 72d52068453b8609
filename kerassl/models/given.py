"""What a user gives to `fit`: raw examples, batches of them, or ready batches."""

import os

import keras
import numpy as np
import tensorflow as tf

from kerassl import distribute
from kerassl.data.arrays import ArraySource, as_array
from kerassl.data.source import Source
from kerassl.encoders.pooling import ends
from kerassl.errors import InvalidType, InvalidValue, UserError
from kerassl.models.own_views import as_views, is_pair

# Rows that are looked at to tell what a user gives.
FEW = 4
# Ready for training; examples to be drawn from; batches of raw examples.
READY, EXAMPLES, BATCHES = "ready", "examples", "batches"


def read(task, x, y=None, sample_weight=None, *, loss=True):
    """Returns (kind, x): what data are, and raw ones without labels.

    They are ready if they have the form of what the pretext layer makes, raw if the
    layer takes them. So nothing is prepared twice, and nothing not at all.

    Args:
        task: A `PretextModel`.
        x: What `fit` takes.
        y: What `fit` takes beside arrays, and so `sample_weight`.
        sample_weight: See `y`.
        loss: Whether ready batches need what the loss reads, which `predict` does not.

    Raises:
        ValueError: If they are neither, or could be both.
    """
    if x is None or hasattr(x, "steps_per_epoch") or hasattr(x, "is_made"):
        return READY, x  # of `task.dataset`
    if isinstance(x, (str, os.PathLike, Source)) or _is_list_of(x, (str, os.PathLike)):
        return _raw(task, EXAMPLES, x, y)
    if isinstance(x, tf.data.Dataset):
        return _read_dataset(task, x, loss)
    if isinstance(x, (list, tuple, dict)) or hasattr(x, "__array__"):
        return _read_arrays(task, x, y, sample_weight, loss)
    if isinstance(x, keras.utils.PyDataset):
        _check_batch(task, x[0], loss)
    return READY, x  # generators and the like, which Keras reads


def _read_arrays(task, x, y, sample_weight, loss):
    if is_pair(task, x):
        return _raw(task, EXAMPLES, x, y)
    if isinstance(x, tuple):
        hint = " or two views of one shape" if task.views else ""
        raise InvalidType(
            f"`x` must be an array{hint}, not a tuple of {len(x)}: leave labels out, "
            "as in task.fit(x[0])."
        )
    x = as_array("x", x) if isinstance(x, list) else x
    given = [part for part in (x, y, sample_weight) if part is not None]
    few = [_first_rows(part) for part in given]
    element = few[0] if len(few) == 1 else tuple(few)
    made, why = _made_of(task, task.pretext, few[0])
    if made is None and (task.pretext is None or not _is_single(element)):
        _check_ready(task, element, why, loss)
    elif made is None or not _same_form(task, made, element):
        return _raw(task, EXAMPLES, x, y)  # whose faults `dataset` tells, of all rows
    _check_values(task, x)
    return READY, x


def _first_rows(x):
    if isinstance(x, dict):
        return {key: _first_rows(part) for key, part in x.items()}
    return np.asarray(x[:FEW])


def _read_dataset(task, dataset, loss):
    first = next(iter(dataset.take(1)), None)
    if first is None:
        raise InvalidValue("The dataset must hold at least one example.")
    if is_pair(task, dataset):
        named, layer = as_views(task, dataset)
        (first,) = named.take(1)
        kind, why = _batched_or_single(task, layer, first)
        if kind is None:
            raise InvalidValue(why)
        return kind, dataset
    x = first[0] if isinstance(first, tuple) else first
    made, why = _made_of(task, task.pretext, x)
    if made is None or not _same_form(task, made, first):
        kind, why = _batched_or_single(task, task.pretext, x)
        if kind is not None:
            if isinstance(first, tuple):
                _check_labels(first)
                dataset = dataset.map(lambda example, *_: example)
            return kind, dataset
        _check_ready(task, first, why, loss)
    _check_values(task, x)
    return READY, dataset


def _check_batch(task, batch, loss):
    """Raises unless the first batch of what only Keras reads is ready."""
    x = batch[0] if isinstance(batch, tuple) else batch
    made, why = _made_of(task, task.pretext, x)
    if made is None:
        _check_ready(task, batch, why, loss)
    elif not _same_form(task, made, batch):
        raise InvalidValue(
            "`x` must give batches as `task.dataset(...)` makes them. Received raw "
            "examples: give them as an array, files or a tf.data.Dataset."
        )
    _check_values(task, x)


def _batched_or_single(task, layer, x):
    """Returns (BATCHES or EXAMPLES, None), or (None, why `x` is neither)."""
    forms = {
        BATCHES: x,
        EXAMPLES: keras.tree.map_structure(lambda part: part[None], x),
    }
    # A layer that looks at no shape takes both; the encoder does not.
    fitting = [kind for kind in forms if _has_rank(task, layer, forms[kind])]
    made = {kind: _made_of(task, layer, forms[kind]) for kind in fitting or forms}
    found = [kind for kind, (batch, _) in made.items() if batch is not None]
    if len(found) > 1:
        found = [kind for kind in found if _refusal(task, made[kind][0]) is None]
    if len(found) > 1:
        raise InvalidValue(
            "`x` must tell whether its elements are batches. Write "
            "task.fit(task.dataset(x, batch_size)) for single examples, and "
            "task.fit(task.dataset(x.unbatch(), batch_size)) for batches."
        )
    reasons = [why for _, why in made.values() if why]
    return (
        (found[0], None) if found else (None, (reasons or ["It fits no encoder."])[0])
    )


def _has_rank(task, layer, examples):
    """Returns whether what is made of examples has as many axes as the encoder takes.

    Keras itself lets pass one more or one less.
    """
    try:
        taken, ready = ends(task.encoder)[0], layer.prepare(examples)
        return len(taken.shape) == len(ready.shape)
    except Exception:  # several inputs, a layer that only trains, or none for them
        return True


def _raw(task, kind, x, y):
    if task.pretext is None and not is_pair(task, x):
        pairs = ", give pairs of views," if task.views else ""
        raise InvalidValue(
            f"This {type(task).__name__} has no pretext layer to make training data of "
            f"raw examples. Pass `pretext=` when you make it{pairs} or give batches as "
            "it reads them."
        )
    if y is not None and "label" in task.reads and hasattr(x, "__array__"):
        return kind, ArraySource(x, labels=y)
    if y is not None:
        raise InvalidValue(
            "`y` must be None: a task makes its targets of the examples, and reads no "
            "labels."
        )
    return kind, x


def _made_of(task, layer, batch):
    """Returns (what a layer makes of a batch, None), or (None, why it does not)."""
    if layer is None:
        return None, f"This {type(task).__name__} has no pretext layer (`pretext=`)."
    try:
        batch = keras.tree.map_structure(tf.convert_to_tensor, batch)
        return layer(batch, seed=tf.constant([0, 0], tf.int64)), None
    except Exception as error:  # of any kind: the layer may be a user's own
        return None, _first_line(error)


def _same_form(task, made, element):
    """Returns whether a batch has the parts that are made, of their ranks and types.

    A single array has not: it is what a layer takes. Targets may be left out beside
    a dict, which is what a layer makes.
    """
    if isinstance(element, dict):
        element = (element,)
    if _is_single(element):
        return False
    x, *rest = element
    if isinstance(x, dict):
        x = {key: part for key, part in x.items() if key not in task.reads}
    if rest or isinstance(x, dict):
        made = made[: len(element)]
    return _form(made) == _form((x, *rest))


def _is_single(batch):
    return not isinstance(batch, (tuple, dict))


def _form(batch):
    return {
        path: (len(part.shape), str(getattr(part.dtype, "name", part.dtype)))
        for path, part in keras.tree.flatten_with_path(batch)
    }


def _check_ready(task, batch, why, loss):
    """Raises unless a task takes a batch as it is."""
    if _is_single(batch) and task.pretext is not None:
        raise InvalidValue(why)  # no layer makes a single array
    refusal = _refusal(task, batch, loss)
    if refusal is None:
        return
    shown = keras.tree.map_structure(lambda part: tuple(part.shape), batch)
    raise InvalidValue(
        "`x` must hold raw examples or batches as `task.dataset(...)` makes them. "
        f"Received the shapes {shown}. Not raw: {why} Not ready: {refusal}"
    )


def _check_values(task, x):
    """Raises where what the encoder is to read is out of its range."""
    taken = getattr(task.encoder, "input_shape", None)
    wanted = None if task.pretext is None else task.pretext.encoder_input
    if wanted is None or (wanted.key is None and not isinstance(taken, tuple)):
        return
    parts = x if isinstance(x, dict) else {"x": x}
    wanted.check(
        {
            name: part
            for name, part in parts.items()
            if name == wanted.key
            or (wanted.key is None and tuple(part.shape[1:]) == taken[1:])
        }
    )


def _refusal(task, batch, loss=True):
    """Returns why a task cannot compute the loss of a batch, None where it can."""
    if distribute.has_strategy(task):
        return None  # which has no place to compute one batch
    batch = keras.tree.map_structure(lambda part: np.asarray(part)[:FEW], batch)
    x, y, weight = keras.utils.unpack_x_y_sample_weight(batch)
    try:
        outputs = task(x, training=False)
        if loss:
            task.compute_loss(x, y, outputs, weight, training=False)
    except Exception as error:  # of any kind, from Keras or a task
        return _first_line(error)
    return None


def _first_line(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if lines and not isinstance(error, UserError):
        # Keras tells first where, then what.
        lines = [
            line for line in lines if not line.startswith("Exception enc")
        ] or lines
    return f"{lines[0].rstrip('.')}." if lines else f"{type(error).__name__}."


def _check_labels(element):
    """Raises unless what stands beside an example may be its label."""
    x, *rest = element
    kinds = [(tuple(p.shape), p.dtype) for p in keras.tree.flatten((x, rest))]
    if any(kind == kinds[0] or len(kind[0]) > 2 for kind in kinds[1:]):
        raise InvalidValue(
            "`x` must hold examples, alone or with a label. Received pairs of "
            f"{kinds[0][0]} and {kinds[1][0]}, which this task does not read: drop "
            "one, as in dataset.map(lambda x, *_: x)."
        )


def _is_list_of(x, types):
    return isinstance(x, list) and any(isinstance(item, types) for item in x)
