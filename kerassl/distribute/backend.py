"""The backend of Keras, one that kerassl runs on."""

import keras

from kerassl.errors import MissingPackage

BACKEND = keras.backend.backend()
SUPPORTED_BACKENDS = ("tensorflow", "jax")

if BACKEND not in SUPPORTED_BACKENDS:
    raise MissingPackage(
        f"kerassl runs on the Keras backends {SUPPORTED_BACKENDS}. Received "
        f"KERAS_BACKEND={BACKEND!r}"
    )
