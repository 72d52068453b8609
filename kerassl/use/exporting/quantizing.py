"""Weights as 8-bit integers, and what that costs."""

import warnings
from collections.abc import Iterator

import keras
import numpy as np

from kerassl.errors import InvalidValue
from kerassl.transfer import knn

KNN = 5
# Examples that activations are calibrated with.
CALIBRATED = 64


def check_layers(model) -> None:
    """Raises where a Keras model has no layer that Keras makes integers of.

    Args:
        model: A `keras.Model`.

    Raises:
        ValueError: If it has none, as of convolutions alone.
    """
    if not any(_quantizes(layer) for layer in model._flatten_layers()):
        raise InvalidValue(
            "`quantize`: Keras makes integers of dense layers and embeddings, and this "
            "encoder has none. The formats 'litert' and 'onnx' quantise convolutions."
        )


def quantize_layers(model) -> None:
    """Makes a Keras model's dense layers and embeddings hold 8-bit integers.

    Args:
        model: A `keras.Model`, changed in place.
    """
    with warnings.catch_warnings():
        # Of every layer that stays in floats.
        warnings.filterwarnings("ignore", "Layer .* does not have a `quantize` method")
        model.quantize("int8")


def _quantizes(layer):
    known = (keras.layers.Dense, keras.layers.EinsumDense, keras.layers.Embedding)
    return isinstance(layer, known)


def calibration(inputs: dict) -> Iterator[dict]:
    """Yields some of the examples, one at a time, from all over them.

    Args:
        inputs: Dict of arrays by name, with the batch first.

    Example:
        >>> [len(row["x"]) for row in calibration({"x": np.zeros((2, 3))})]
        [1, 1]
    """
    count = len(next(iter(inputs.values())))
    for i in range(0, count, max(1, count // CALIBRATED)):
        yield {name: np.asarray(x[i : i + 1]) for name, x in inputs.items()}


def loss_of(before, after, labels=None) -> dict:
    """Returns what quantisation changed of features.

    Args:
        before: Float array (examples, dim), or (examples, time, dim).
        after: The same by integers.
        labels: Integer array (examples,) or None.

    Returns:
        A dict: "cosine", the mean over examples, and "least_cosine"; with labels of
        two classes or more also "knn_before" and "knn_after", the accuracy of nearest
        neighbours on every second example.

    Example:
        >>> loss_of(np.eye(2), np.eye(2))
        {'cosine': 1.0, 'least_cosine': 1.0}
    """
    before, after = (np.reshape(x, (len(x), -1)) for x in (before, after))
    scale = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    cosine = np.sum(before * after, axis=1) / np.maximum(scale, 1e-12)
    found = {"cosine": float(cosine.mean()), "least_cosine": float(cosine.min())}
    if labels is None or min(len(set(labels[i::2])) for i in (0, 1)) < 2:
        return found
    return found | {
        f"knn_{name}": _knn(x, labels)
        for name, x in (("before", before), ("after", after))
    }


def _knn(features, labels):
    train, test = ((features[i::2], labels[i::2]) for i in (0, 1))
    return float(knn(None, train, test, k=KNN).accuracy)
