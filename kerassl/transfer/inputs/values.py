"""Vectors of numbers as they are."""

import numpy as np

from kerassl.errors import InvalidValue
from kerassl.transfer.inputs.features import InputFeatures
from kerassl.transfer.inputs.streaming import arrays_of


def raw_values(train, test, *, seed: int = 0) -> list[InputFeatures]:
    """Returns the values of vectors themselves.

    Args:
        train: `kerassl.data.Source` of vectors of numbers, or of arrays of equal
            shape, which are flattened.
        test: The same, with as many values an example.
        seed: Not used: nothing here is random.

    Returns:
        List with the `InputFeatures` "raw values".

    Raises:
        ValueError: If the examples of `test` have another number of values.

    Example:
        >>> from kerassl.data import ArraySource
        >>> source = ArraySource(np.array([[1, 2], [3, 4]]))
        >>> raw_values(source, source)[0].train.tolist()
        [[1.0, 2.0], [3.0, 4.0]]
    """
    x, x_test = (
        np.concatenate(
            [batch.reshape(len(batch), -1).astype("float32") for batch in arrays_of(s)]
        )
        for s in (train, test)
    )
    if x.shape[1] != x_test.shape[1]:
        raise InvalidValue(
            f"`test` must hold vectors of {x.shape[1]} values, as `train` does. "
            f"Received: {x_test.shape[1]}"
        )
    return [InputFeatures("raw values", x, x_test)]
