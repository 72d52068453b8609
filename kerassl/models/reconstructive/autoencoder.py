"""The autoencoder: features from which the example can be restored."""

import keras

from kerassl.models.reconstructive.restoring import Restoring


@keras.saving.register_keras_serializable(package="kerassl")
class Autoencoder(Restoring):
    """Trains an encoder so that a decoder can restore the example.

    With `kerassl.encoders.dense((28, 28, 1))` it is the classic 784-256-128-
    64-128-256-784 network with ReLU, sigmoid and binary cross-entropy.

    Args:
        encoder: A `keras.Model` from examples to features that are narrower
            than the example.
        pretext: A pretext layer that gives `(x, target)`, such as
            `kerassl.pretext.Reconstruct`.
        decoder: A `keras.Model` from the encoder's output to the target's
            shape, without a last activation: its outputs are logits under
            `"binary_crossentropy"`. None makes the encoder's mirror image.
        criterion: `"binary_crossentropy"`, for targets in [0, 1], or
            `"mean_squared_error"`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Input:
        Float tensor (batch, ...), as the encoder takes it.

    Output:
        Float tensor (batch, ...) of the target's shape: logits under
        `"binary_crossentropy"`. `reconstruct` gives examples.

    Logs:
        loss: The criterion, mean over the target's numbers. The least
            possible cross-entropy is the entropy of the target, not 0.
        squared_error: Mean squared error of the reconstruction.

    Raises:
        ValueError: If `criterion` is unknown, the decoder does not fit the
            encoder, or the encoder has no mirror image.

    Example:
        >>> from kerassl.data import digits
        >>> from kerassl.encoders import dense
        >>> from kerassl.pretext import Reconstruct
        >>> task = Autoencoder(dense((8, 8, 1), (32, 16)), Reconstruct())
        >>> task.compile("adam")
        >>> history = task.fit(task.dataset(digits(), batch_size=64), verbose=0)
        >>> x = task.pretext.prepare(digits("test").fetch([0, 1]))
        >>> task.reconstruct(x).shape
        (2, 8, 8, 1)

    Reference:
        Hinton and Salakhutdinov, 2006,
        https://doi.org/10.1126/science.1127647
    """

    def objective(self, x, y, outputs, training):
        return {"reconstruction": self.criterion_of(y, outputs)}
