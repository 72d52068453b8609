"""Accuracy of the nearest neighbours among frozen features."""

import numpy as np

from kerassl.metrics import nearest_neighbour_labels
from kerassl.transfer.examples import labelled
from kerassl.transfer.features import encode
from kerassl.transfer.result import TransferResult, measured


def knn(
    encoder,
    train,
    test,
    k: int = 20,
    temperature: float = 0.1,
    *,
    batch_size: int = 256,
    pooling: str = "auto",
) -> TransferResult:
    """Returns the accuracy of a weighted nearest-neighbour vote.

    No training and nothing to choose: what the features hold as they are.

    Args:
        encoder: A functional `keras.Model`, or None where x holds features.
        train: (x, y), encoder inputs and labels.
        test: (x, y) likewise.
        k: Number of neighbours; all examples where there are fewer.
        temperature: Above 0; a vote weighs exp(cosine / temperature).
        batch_size: Examples encoded at a time.
        pooling: As in `kerassl.encoders.pool`.

    Returns:
        A `TransferResult`.

    Raises:
        ValueError: If an argument is out of range or x and y do not match.

    Example:
        >>> train = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 1])
        >>> knn(None, train, (np.array([[2.0, 0.1]]), [0])).accuracy
        1.0

    Reference:
        Wu et al., 2018, section 3.4, https://arxiv.org/abs/1805.01978
    """
    (x, y), (x_test, y_test) = labelled(train, "train"), labelled(test, "test")
    predictions = nearest_neighbour_labels(
        encode(encoder, x, batch_size, pooling),
        y,
        encode(encoder, x_test, batch_size, pooling),
        k,
        temperature,
    )
    settings = {"k": min(k, len(y)), "temperature": temperature}
    return measured(predictions, y_test, None, np.unique(y), settings)
