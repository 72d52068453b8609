"""Of which value a saliency map of an example is: how well a task does on it."""

from collections.abc import Callable
from dataclasses import dataclass

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
    example itself. By the cosine's length of the varied features that of the example
    is meant: an encoder without biases would make no other cosine of any fraction of
    its input, and all maps would be empty.

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
    x, *rest = keras.tree.map_structure(np.asarray, tuple(made))
    if _has_loss_alone(task):
        target = _loss_target(task, x, rest)
        if target is not None:
            return target
    views = _floats(x)
    if len(views) > 1 and views[0].shape == views[1].shape:
        told = "the cosine of the features of two views, as the first is varied"
        return _similarity_target(task.encoder, views[0], views[1], told)
    told = "the cosine with the example's own features"
    prepared = keras.tree.map_structure(np.asarray, task.pretext.prepare(examples))
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
    """Returns the target of a task's loss, None where `x` has nothing to vary."""
    told = "minus the task's loss"
    y = tuple(rest) if "weight" in task.reads else (rest[0] if rest else None)

    def value(inputs):
        inputs = _tensors(inputs)
        outputs = keras.tree.map_structure(
            lambda part: ops.cast(part, "float32"), task.propagate(inputs, False)
        )
        terms = task.objective(inputs, y, outputs, False).values()
        rows = len(keras.tree.flatten(x)[0])
        return -sum(_of_each(term, rows) for term in terms)

    if _ids(x) is not None:
        return _embedded_target(task.encoder, x, lambda: value(x), told)
    if not _floats(x):
        return None
    if not isinstance(x, dict):
        return Target(value, x, told)
    name = next(name for name, part in x.items() if part.dtype.kind == "f")
    return Target(lambda part: value({**x, name: part}), x[name], told)


def _similarity_target(encoder, x, other, told):
    features = feature_model(encoder)
    one, two = (features(_tensors(each), training=False) for each in (x, other))
    fixed = two / (_length(one) * _length(two))

    def value(inputs):
        found = features(_tensors(inputs), training=False)
        return ops.sum(found * ops.stop_gradient(fixed), axis=-1)

    target = None
    if _ids(x) is not None:
        target = _embedded_target(encoder, x, lambda: value(x), told)
    elif not isinstance(x, dict) and _floats(x):
        target = Target(value, x, told)
    if target is None:
        raise InvalidValue(
            "`task` must have an encoder of numbers, or one that embeds tokens, to be "
            f"varied by little. Received: {type(encoder).__name__} {encoder.name!r}"
        )
    return target


def _embedded_target(encoder, x, value, told):
    """Returns the target of texts, whose tokens are varied as they are embedded.

    None where the encoder does not call an embedding on these tokens: word2vec reads
    the rows of its table itself.
    """
    name, table = _ids(x), embedding_of(encoder)
    if table is None:
        return None
    ids, read = x[name], []

    def function(embedded):
        def instead(layer, call, inputs, *args, **kwargs):
            if not _equal(inputs, ids):  # the vocabulary's logits, or another text
                return call(inputs, *args, **kwargs)
            read.append(True)
            return ops.cast(embedded, layer.compute_dtype)

        with hooked([table], instead):
            return value()

    embedded = ops.cast(table(ops.convert_to_tensor(ids)), "float32")
    function(embedded)
    if not read:
        return None
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


def _equal(inputs, ids):
    dtype = keras.backend.standardize_dtype(inputs.dtype)
    if "int" not in dtype or tuple(inputs.shape) != ids.shape:
        return False
    return bool((ops.convert_to_numpy(inputs) == ids).all())


def _length(vectors):
    return ops.maximum(ops.norm(vectors, axis=-1, keepdims=True), 1e-12)


def _tensors(x):
    return keras.tree.map_structure(ops.convert_to_tensor, x)
