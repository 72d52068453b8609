"""The check of activations that encoders have in common."""

import keras

from kerassl.errors import InvalidValue


def check_activation(activation):
    """Raises ValueError unless Keras knows an activation."""
    try:
        keras.activations.get(activation)
    except (TypeError, ValueError) as error:
        raise InvalidValue(
            "`activation` must be the name of one of Keras's activations. Received: "
            f"{activation!r}"
        ) from error
