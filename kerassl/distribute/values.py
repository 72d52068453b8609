"""The values of tensors, where there are any yet."""

import numpy as np
from keras import ops

from kerassl.checks import MOST_FLOAT
from kerassl.errors import InvalidValue


def known_values(tensor):
    """Returns the values of a tensor, or None while a graph is being traced.

    Args:
        tensor: A tensor, a `keras.Variable` or what NumPy makes an array of.

    Returns:
        NumPy array, or None.

    Example:
        >>> known_values(ops.ones((2,))).tolist()
        [1.0, 1.0]
    """
    try:
        return ops.convert_to_numpy(tensor)
    except (TypeError, ValueError, NotImplementedError, AttributeError):
        return None  # what each backend raises of a symbol


def check_finite(**tensors):
    """Raises ValueError if a tensor with known values holds NaN or infinity.

    Args:
        **tensors: What to check, under the names of the user's arguments.

    Example:
        >>> check_finite(z1=float("inf"))
        Traceback (most recent call last):
        ...
        kerassl.errors.InvalidValue: `z1` must be finite in float32. Received: inf
    """
    for name, tensor in tensors.items():
        values = known_values(tensor)
        if values is None:
            continue
        # A comparison is False for NaN too.
        fits = np.abs(values) <= np.asarray(MOST_FLOAT, "float64")
        if not np.all(fits):
            raise InvalidValue(
                f"`{name}` must be finite in float32. Received: {values[~fits][0]}"
            )
