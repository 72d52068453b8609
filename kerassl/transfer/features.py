"""Frozen features of an encoder, computed in batches."""

import keras
import numpy as np

from kerassl.encoders.feature_sets import feature_sets
from kerassl.encoders.pooling import feature_model
from kerassl.errors import InvalidValue
from kerassl.transfer.examples import as_rows, batches, take


def encode(encoder, x, batch_size: int = 256, pooling: str = "auto", features="pooled"):
    """Returns one frozen feature vector per example, or several by name.

    The encoder runs in evaluation mode. Its compiled function is kept with
    the encoder, so that later calls do not trace it again.

    Args:
        encoder: A functional `keras.Model`, or None where `x` already holds
            features.
        x: Encoder inputs, an array, a dict of arrays, or `PreparedExamples`.
        batch_size: Examples at a time.
        pooling: As in `kerassl.encoders.pool`.
        features: "pooled", or what `kerassl.encoders.feature_sets.feature_sets`
            takes to give several: "auto" or a list of names.

    Returns:
        Float32 array (examples, dim), or a sparse matrix where `x` is one; a dict of
        them by name where `features` is not "pooled" or `x` is a dict of them.

    Raises:
        ValueError: If `encoder` is None and `x` is not a matrix.

    Example:
        >>> encode(None, np.ones((2, 3))).shape
        (2, 3)
    """
    if encoder is None:
        return keras.tree.map_structure(_matrix, x)
    # Straight into __dict__: as an attribute Keras would count it as a part of
    # the encoder and save it with it.
    models = encoder.__dict__.setdefault("_kerassl_feature_models", {})
    key = (pooling, features if isinstance(features, str) else tuple(features))
    if key not in models:
        models[key] = (
            feature_model(encoder, pooling)
            if features == "pooled"
            else feature_sets(encoder, pooling, features)
        )
    return predict_whole(models[key], x, batch_size)


def _matrix(x):
    x = as_rows(x).astype("float32", copy=False)
    if x.ndim != 2:
        raise InvalidValue(
            "`encoder` is None, so `x` must hold features of shape (examples, "
            f"dim). Received shape: {x.shape}"
        )
    return x


def predict_whole(model, x, batch_size: int = 256):
    """Returns the model's outputs, computed in batches of one size.

    A batch of another size, such as the last one, would be traced anew. Short
    ones are filled up with repeated examples whose outputs are dropped.

    Args:
        model: A `keras.Model` with one output, or with a dict of them.
        x: Inputs, an array, a dict of arrays, or `PreparedExamples`.
        batch_size: Examples at a time; for few examples a smaller power of 2.

    Returns:
        Array with one row per example, or a dict of such.
    """
    count = len(keras.tree.flatten(x)[0])
    batch_size = min(batch_size, 1 << max(0, count - 1).bit_length())
    filled = -(-count // batch_size) * batch_size
    if filled > count:
        x = take(x, np.arange(filled) % count)
    # `predict` would cost some 50 ms a call, more than small models take.
    outputs = [model.predict_on_batch(batch) for batch in batches(x, batch_size)]
    return keras.tree.map_structure(
        lambda *parts: np.concatenate(parts)[:count], *outputs
    )
