"""Of which value a saliency map of an example is: how well a task does on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from kerassl.encoders.hooks import hooked
from kerassl.encoders.pooling import feature_model
from kerassl.errors import InvalidValue

# What a task may read and still have a loss of each example alone.
READ_ALONE = {"weight"}
IDS = ("token_ids", "encoder_token_ids")


@dataclass(frozen=True)
class Target:
    """A value of each example as a function of its input.

    Attributes:
        function: From a float tensor of the shape of `x` to values (batch,): the
            higher, the better the task does.
        x: Float array (batch, ...): the input of images and the like, the embedded
            tokens (batch, tokens, dim) of texts.
        told: What the value is, in words.
        token_ids: Of texts, int array (batch, tokens), as the encoder reads them.
        lengths: Of texts, int array (batch,), tokens that are no padding.
    """

    function: Callable
    x: np.ndarray
    told: str
    token_ids: np.ndarray | None = None
    lengths: np.ndarray | None = None


def saliency_target(task, examples, seed: int = 0) -> Target:
    """Returns the value that a saliency map of a task is of.

    Where a task has a loss of each example alone, it is that loss with the sign
    turned: of a masked language model the log-probability of the hidden tokens, of
    an autoencoder how well it restores. Where the loss compares the examples of a
    batch, or cannot be had without the run, it is the cosine of the features of two
    views, of which the first is looked at, and else that with the features of the
    example itself.

    Args:
        task: A `kerassl.models.PretextModel` with its pretext layer.
        examples: A batch of raw examples, as a `kerassl.data.Source` gives them.
        seed: Integer from which masks and views are drawn.

    Returns:
        A `Target`. Its function runs the task operation by operation, without
        dropout.

    Raises:
        ValueError: If nothing that the task reads can be varied by little.

    Example:
        >>> from kerassl import data, encoders, models, pretext
        >>> encoder = encoders.dense((8, 8, 1), hidden_dims=(16,))
        >>> task = models.Autoencoder(encoder, pretext.Reconstruct())
        >>> target = saliency_target(task, data.digits().fetch([0, 1]))
        >>> target.told, tuple(target.function(target.x).shape)
        ("minus the task's loss", (2,))
    """
    import tensorflow as tf

    made = task.pretext(examples, seed=tf.constant([seed, 0], "int64"))
    x, *rest = keras.tree.map_structure(_as_array, tuple(made))
    if _has_loss_alone(task) and (_ids(x) is not None or _floats(x)):
        return _loss_target(task, x, rest)
    views = _floats(x)
    if len(views) > 1 and views[0].shape == views[1].shape:
        told = "the cosine of the features of two views, as the first is varied"
        return _similarity_target(task.encoder, views[0], views[1], told)
    told = "the cosine with the example's own features"
    prepared = keras.tree.map_structure(_as_array, task.pretext.prepare(examples))
    return _similarity_target(task.encoder, prepared, prepared, told)


def embedding_of(encoder):
    """Returns the layer by which an encoder looks up its tokens, or None.

    Args:
        encoder: Any `keras.Model`.

    Example:
        >>> from kerassl.encoders import bert
        >>> encoder = bert(30, num_layers=1, num_heads=1, hidden_dim=8)
        >>> embedding_of(encoder).name
        'token_embedding'
    """
    tables = [
        layer
        for layer in encoder._flatten_layers()
        if isinstance(layer, keras.layers.Embedding)
    ]
    named = [table for table in tables if table.name == "token_embedding"]
    return next(iter(named or tables), None)


def _has_loss_alone(task):
    return (
        not task.compares_examples
        and set(task.reads) <= READ_ALONE
        and len(task.players()) == 1
    )


def _loss_target(task, x, rest):
    told = "minus the task's loss"
    y = tuple(rest) if "weight" in task.reads else (rest[0] if rest else None)

    def value(inputs):
        outputs = keras.tree.map_structure(
            lambda part: ops.cast(part, "float32"), task.propagate(inputs, False)
        )
        terms = task.objective(inputs, y, outputs, False).values()
        rows = len(keras.tree.flatten(x)[0])
        return -sum(_of_each(term, rows) for term in terms)

    if _ids(x) is not None:
        return _embedded_target(task.encoder, x, lambda: value(x), told)
    name = _first_float(x)
    if name is None:
        return Target(value, x, told)
    return Target(lambda part: value({**x, name: part}), x[name], told)


def _similarity_target(encoder, x, other, told):
    features = feature_model(encoder)
    fixed = _unit(features(_tensors(other), training=False))

    def value(inputs):
        found = _unit(features(_tensors(inputs), training=False))
        return ops.sum(found * ops.stop_gradient(fixed), axis=-1)

    if _ids(x) is not None:
        return _embedded_target(encoder, x, lambda: value(x), told)
    if not _floats(x) or isinstance(x, dict):
        raise InvalidValue(
            "`task` must read numbers or tokens, to be varied by little. Received: "
            f"{type(encoder).__name__} {encoder.name!r}, which reads neither"
        )
    return Target(value, x, told)


def _embedded_target(encoder, x, value, told):
    """Returns the target of texts, whose tokens are varied as they are embedded."""
    name, table = _ids(x), embedding_of(encoder)
    if table is None:
        raise InvalidValue(
            "`task` must have an encoder that embeds its tokens. Received: "
            f"{type(encoder).__name__} {encoder.name!r}"
        )
    ids = x[name]

    def function(embedded):
        def instead(layer, call, inputs, *args, **kwargs):
            if not _equal(inputs, ids):  # the vocabulary's logits, or another text
                return call(inputs, *args, **kwargs)
            return ops.cast(embedded, layer.compute_dtype)

        with hooked([table], instead):
            return value()

    embedded = ops.cast(table(ops.convert_to_tensor(ids)), "float32")
    mask = x.get(name.replace("token_ids", "padding_mask"), np.ones_like(ids))
    lengths = np.asarray(mask).sum(axis=1)
    return Target(function, ops.convert_to_numpy(embedded), told, ids, lengths)


def _of_each(term, rows):
    """Returns a term of a loss for each example, its weighted mean over positions."""
    values, weights = term if isinstance(term, tuple) else (term, None)
    values = ops.cast(values, "float32")
    if len(values.shape) == 0:  # of all examples together
        return ops.broadcast_to(values, (rows,))
    weights = ops.ones_like(values) if weights is None else weights
    weights = ops.broadcast_to(ops.cast(weights, "float32"), values.shape)
    values, weights = (ops.reshape(part, (rows, -1)) for part in (values, weights))
    total = ops.maximum(ops.sum(weights, axis=1), 1e-6)
    return ops.sum(values * weights, axis=1) / total


def _ids(x):
    """Returns the name of the tokens among inputs, or None."""
    return next((n for n in IDS if isinstance(x, dict) and n in x), None)


def _floats(x):
    return [part for part in keras.tree.flatten(x) if part.dtype.kind == "f"]


def _first_float(x: Any):
    if not isinstance(x, dict):
        return None
    return next(name for name, part in x.items() if part.dtype.kind == "f")


def _equal(inputs, ids):
    dtype = keras.backend.standardize_dtype(inputs.dtype)
    if "int" not in dtype or tuple(inputs.shape) != ids.shape:
        return False
    return bool((ops.convert_to_numpy(inputs) == ids).all())


def _unit(vectors):
    length = ops.sqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True))
    return vectors / ops.maximum(length, 1e-12)


def _tensors(x):
    return keras.tree.map_structure(ops.convert_to_tensor, x)


def _as_array(part):
    return np.asarray(part)
