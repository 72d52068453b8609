"""A random encoder that is a strong control: no branch of it is shut."""

import keras
import numpy as np

from kerassl.transfer.copies import random_copy
from kerassl.transfer.examples import batches, count, take

# Of examples, unlabelled, for the statistics of batch normalisation.
CALIBRATED_ON = 1024
_BATCH = 256


def random_control(encoder, seed: int, x=None):
    """Returns random weights to read features from, or to train with few labels.

    Where a training begins is no fair control. Residual branches often start at
    zero, so that nothing but the shortcuts would be measured: each scale that its
    layer starts at zero, and each layer scale, is 1 here. Batch normalisation
    starts with mean 0 and variance 1 whatever it is given; with `x` it has the
    statistics of some of them, without labels.

    Args:
        encoder: A built `keras.Model` that serialises. It is not changed.
        seed: Integer. The same seed gives the same weights.
        x: Encoder inputs, of which up to 1,024 are drawn, as `kerassl.transfer.knn`
            takes them; None leaves the statistics at mean 0 and variance 1.

    Returns:
        List of arrays, as `get_weights` returns.

    Example:
        >>> scale = keras.layers.BatchNormalization(gamma_initializer="zeros")
        >>> encoder = keras.Sequential([keras.Input((4,)), scale])
        >>> [w.tolist() for w in random_control(encoder, 0, 3 * np.ones((5, 4)))][::2]
        [[1.0, 1.0, 1.0, 1.0], [3.0, 3.0, 3.0, 3.0]]
    """
    network = random_copy(encoder, seed)
    open_branches(network)
    if x is not None:
        order = np.random.default_rng([seed, 5]).permutation(count(x))
        calibrate(network, take(x, order[:CALIBRATED_ON]))
    return network.get_weights()


def open_branches(network):
    """Sets the scales that a fresh network starts at zero, and layer scales, to 1.

    Which they are is told by the kinds of its layers: a scale is zero where the
    layer was given an initializer for it. A variable named so that starts at zero in
    any case is another thing, such as one to which 1 is added.

    Args:
        network: A built `keras.Model`, which is changed.

    Example:
        >>> scale = keras.layers.BatchNormalization(gamma_initializer="zeros")
        >>> network = keras.Sequential([keras.Input((2,)), scale])
        >>> open_branches(network)
        >>> scale.gamma.numpy().tolist()
        [1.0, 1.0]
    """
    for layer in network._flatten_layers():
        if "LayerScale" in type(layer).__name__:
            for variable in layer.weights:
                variable.assign(np.ones(variable.shape))
        for name in ("gamma", "scale"):
            variable = getattr(layer, name, None)
            if variable is None or not hasattr(layer, f"{name}_initializer"):
                continue
            if not np.any(keras.ops.convert_to_numpy(variable)):
                variable.assign(np.ones(variable.shape))


def calibrate(network, x):
    """Gives batch normalisation the means and variances of examples.

    The moving statistics become the mean of those of the batches, each layer's with
    the layers below in training mode. Dropout is off.

    Args:
        network: A built `keras.Model`, which is changed.
        x: Encoder inputs.

    Example:
        >>> norm = keras.layers.BatchNormalization()
        >>> calibrate(keras.Sequential([keras.Input((1,)), norm]), np.array([[1], [3]]))
        >>> norm.moving_mean.numpy().tolist(), norm.moving_variance.numpy().tolist()
        ([2.0], [1.0])
    """
    layers = list(network._flatten_layers())
    norms = [each for each in layers if isinstance(each, _NORM)]
    if not norms:
        return
    kept = [(each, each.momentum) for each in norms]
    rates = [(each, each.rate) for each in layers if isinstance(each, _NOISE)]
    for layer, _ in rates:
        layer.rate = 0.0
    # Whole batches, so that each counts the same.
    whole = max(count(x) // _BATCH * _BATCH, min(count(x), _BATCH))
    for place, batch in enumerate(batches(take(x, slice(whole)), _BATCH)):
        for layer in norms:
            layer.momentum = place / (place + 1)
        inputs = keras.tree.map_structure(keras.ops.convert_to_tensor, batch)
        network(inputs, training=True)
    for layer, momentum in kept:
        layer.momentum = momentum
    for layer, rate in rates:
        layer.rate = rate


_NORM = keras.layers.BatchNormalization
_NOISE = (
    keras.layers.Dropout,
    keras.layers.GaussianDropout,
    keras.layers.AlphaDropout,
)
