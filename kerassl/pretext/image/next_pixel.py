"""The next pixel: each one is told from those before it."""

import keras
import tensorflow as tf

from kerassl.augment.image import check_images, check_side
from kerassl.checks import check_integer
from kerassl.pictures import image_grid
from kerassl.pretext.base import PretextLayer
from kerassl.pretext.encoder_input import EncoderInput
from kerassl.pretext.reconstruct import Reconstruct


@keras.saving.register_keras_serializable(package="kerassl")
class NextPixel(PretextLayer):
    """Asks for the shade of every pixel, of a few equal steps from black to white.

    The model must not see the pixel, nor those after it, row by row: that is for the
    encoder to see to, such as `kerassl.encoders.gated_pixel_cnn`. Colours are turned
    grey.

    Args:
        size: Side in pixels to which images are resized, or None to leave them as they
            are.
        levels: Shades, from 2 (black and white, parted in the middle) to 256 (all that
            there are of 8 bits).
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        (batch, height, width, channels), 1 or 3 channels, uint8 in [0, 255] or
        float in [0, 1]; for other dtypes see `kerassl.augment.image.values`.

    Output:
        `({"pixels": pixels}, shades)`: pixels float32 (batch, height, width, 1), each
        shade as its place from -1 to 1; shades int32 (batch, height, width), in [0,
        levels).

    Raises:
        ValueError: If an argument is out of its range, or an input is no batch of
            images.

    Example:
        >>> layer = NextPixel(levels=2)
        >>> images = tf.constant([[[[0.2], [0.8]]]])
        >>> x, y = layer(images, seed=tf.constant([0, 1]))
        >>> x["pixels"][0, 0, :, 0].numpy().tolist(), y[0, 0].numpy().tolist()
        ([-1.0, 1.0], [0, 1])

    Reference:
        van den Oord et al., 2016, https://arxiv.org/abs/1601.06759
    """

    def __init__(self, size: int | None = None, levels: int = 256, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        if size is not None:
            check_side("size", size)
        check_integer("levels", levels, least=2, most=256)
        self.size, self.levels = size, levels
        self._images = Reconstruct(size, channels=1)

    @property
    def encoder_input(self):
        made = f"the shade of {self.levels}, from -1 to 1"
        return EncoderInput("grey images", made, -1.0, 1.0)

    def check(self, inputs):
        check_images(inputs)

    def call(self, inputs, seed):
        shades = self._shades(inputs)
        return {"pixels": self._pixels(shades)}, shades[..., 0]

    def prepare(self, inputs):
        """Returns images of a few shades, as an encoder takes them.

        Args:
            inputs: Images as for a call.

        Returns:
            float32 tensor (batch, height, width, 1) in [-1, 1].
        """
        self.check(inputs)
        return self._pixels(self._shades(inputs))

    def _shades(self, inputs):
        images = self._images.call(inputs, None)[0]
        shades = tf.cast(tf.floor(images * self.levels), tf.int32)
        return tf.clip_by_value(shades, 0, self.levels - 1)

    def _pixels(self, shades):
        return tf.cast(shades, tf.float32) * (2.0 / (self.levels - 1)) - 1.0

    def draw(self, inputs, seed):
        """Returns a figure: each image beside what the model sees of it.

        Args:
            inputs: Images as for a call; each becomes a row.
            seed: Integer tensor of shape (2,), not used.
        """
        images = self._images.prepare(inputs)
        columns = [images, (self.prepare(inputs) + 1.0) / 2.0]
        titles = ["image", f"{self.levels} shades"]
        return image_grid([column.numpy() for column in columns], titles=titles)

    def get_config(self):
        return {**super().get_config(), "size": self.size, "levels": self.levels}
