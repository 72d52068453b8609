"""Frozen features of an encoder, computed in batches."""

import numpy as np

from kerassl.encoders.pooling import feature_model


def encode(encoder, x, batch_size: int = 256, pooling: str = "auto"):
    """Returns one frozen feature vector per example.

    The encoder runs in evaluation mode. Its compiled function is kept with
    the encoder, so that later calls do not trace it again.

    Args:
        encoder: A functional `keras.Model`, or None where `x` already holds
            features.
        x: Encoder inputs, an array or a dict of arrays.
        batch_size: Examples at a time.
        pooling: As in `kerassl.encoders.pool`.

    Returns:
        Float32 array (examples, dim).

    Raises:
        ValueError: If `encoder` is None and `x` is not a matrix.

    Example:
        >>> encode(None, np.ones((2, 3))).shape
        (2, 3)
    """
    if encoder is None:
        x = np.asarray(x, dtype="float32")
        if x.ndim != 2:
            raise ValueError(
                "`encoder` is None, so `x` must hold features of shape (examples, "
                f"dim). Received shape: {x.shape}"
            )
        return x
    # Straight into __dict__: as an attribute Keras would count it as a part of
    # the encoder and save it with it.
    models = encoder.__dict__.setdefault("_kerassl_feature_models", {})
    if pooling not in models:
        models[pooling] = feature_model(encoder, pooling)
    return np.asarray(models[pooling].predict(x, batch_size=batch_size, verbose=0))
