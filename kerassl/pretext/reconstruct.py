"""Reconstruction: the target is the example itself."""

import keras
import tensorflow as tf

from kerassl.augment.image import (
    as_tensor,
    check_between,
    check_images,
    check_range,
    check_side,
    resize,
    to_unit,
)
from kerassl.checks import MOST_FLOAT
from kerassl.errors import InvalidValue
from kerassl.pictures import image_grid
from kerassl.pretext.base import PretextLayer
from kerassl.pretext.encoder_input import EncoderInput

CHANNELS = (None, 1, 3)


@keras.saving.register_keras_serializable(package="kerassl")
class Reconstruct(PretextLayer):
    """Asks for the example back: the pretext task of an autoencoder.

    What makes the task hard is the model: its features are narrower than the
    example.

    Args:
        size: Side in pixels to which images are resized, or None to leave
            them as they are. Only for images.
        channels: 1 to turn images grey, 3 to repeat grey ones, or None to
            leave them as they are. Only for images.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        Images (batch, height, width, channels), uint8 in [0, 255] or float in
        [0, 1], or vectors (batch, dim) of any floats, which for a cross-entropy
        must be in [0, 1]. For other dtypes see `kerassl.augment.image.values`.

    Output:
        `(x, x)`, float32, integers scaled to [0, 1].

    Raises:
        ValueError: If an argument is out of its range, or vectors are given
            where images are resized.

    Example:
        >>> layer = Reconstruct(size=28, channels=1)
        >>> x, y = layer(tf.zeros((4, 32, 32, 3), tf.uint8), seed=tf.constant([0, 1]))
        >>> x.shape
        TensorShape([4, 28, 28, 1])
    """

    def __init__(
        self,
        size: int | None = None,
        channels: int | None = None,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        if size is not None:
            check_side("size", size)
        if channels not in CHANNELS or isinstance(channels, bool):
            raise InvalidValue(
                f"`channels` must be one of {CHANNELS}. Received: {channels!r}"
            )
        self.size = size
        self.channels = channels

    @property
    def encoder_input(self):
        made = "uint8 divided by 255"
        if self.size is None and self.channels is None:  # vectors have no bounds
            return EncoderInput("images in [0, 1], or vectors", made)
        return EncoderInput("images", made, 0.0, 1.0)

    def check(self, inputs):
        inputs = as_tensor(inputs)
        if self.size is not None or self.channels is not None:
            if inputs.shape.rank != 4:
                raise InvalidValue(
                    "`size` and `channels` are for images (batch, height, width, "
                    f"channels). Received shape: {tuple(inputs.shape)}"
                )
            check_images(inputs)
        elif 0 in inputs.shape[1:]:
            raise InvalidValue(
                "Each example must hold at least one number. Received shape: "
                f"{tuple(inputs.shape)}"
            )
        elif inputs.shape.rank == 4 or not inputs.dtype.is_floating:
            check_range(inputs)
        else:
            wanted = "`x` must hold finite numbers."
            check_between(inputs, -MOST_FLOAT, MOST_FLOAT, wanted, None)

    def call(self, inputs, seed):
        x = self._floats(inputs)
        return x, x

    def prepare(self, inputs):
        """Returns the examples as floats, images in the size asked for.

        Args:
            inputs: Examples as for a call.

        Returns:
            float32 tensor (batch, height, width, channels) or (batch, dim).
        """
        self.check(inputs)
        return self._floats(inputs)

    def _floats(self, inputs):
        x = to_unit(inputs)
        x = tf.cast(x, tf.float32) / (255.0 if x.dtype == tf.uint8 else 1.0)
        if self.size is None and self.channels is None:
            return x
        if self.channels == 1 and x.shape[-1] == 3:
            x = tf.image.rgb_to_grayscale(x)
        if self.channels == 3 and x.shape[-1] == 1:
            x = tf.repeat(x, 3, axis=-1)
        if self.size is None or x.shape[1:3] == (self.size, self.size):
            return x
        return resize(x, self.size)

    def draw(self, inputs, seed):
        """Returns a figure of the examples as the model sees them.

        Args:
            inputs: Examples as for a call; each becomes a row. Vectors are
                drawn as lines of pixels.
            seed: Integer tensor of shape (2,), not used.
        """
        x = self.prepare(inputs).numpy()
        if x.ndim == 2:
            x = x[:, None, :, None]
        return image_grid([x], titles=["input and target"])

    def get_config(self):
        return {**super().get_config(), "size": self.size, "channels": self.channels}
