"""Batch normalisation over the global batch."""

import keras

from kerassl import distribute


def batch_normalization(*, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs):
    """Returns Keras's batch normalisation, over the batch of all replicas.

    With the statistics of its own share, each replica would train another model
    than one device does, and keep other moving ones. It is a layer of stock Keras,
    so a file saved with it loads in Keras alone.

    Args:
        momentum: Of the moving statistics, in [0, 1]; Keras's own 0.99 is for runs
            longer than most here.
        epsilon: Added to the variance, above 0.
        **kwargs: Further arguments of `keras.layers.BatchNormalization`.

    Returns:
        `keras.layers.BatchNormalization`.

    Example:
        >>> batch_normalization(name="bn1").name
        'bn1'

    Reference:
        Ioffe and Szegedy, 2015, https://arxiv.org/abs/1502.03167
    """
    return keras.layers.BatchNormalization(
        momentum=momentum,
        epsilon=epsilon,
        # On the other backends the batch is global already, and they refuse it.
        synchronized=distribute.BACKEND == "tensorflow",
        **kwargs,
    )
