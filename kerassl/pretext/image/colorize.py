"""Colourisation: which colours has an image of which only the lightness is seen?"""

import keras
import tensorflow as tf

from kerassl.augment.image import View, as_tensor, check_images, resize
from kerassl.augment.image.lab import lab_to_rgb, rgb_to_lab
from kerassl.checks import check_number, check_one_of
from kerassl.errors import InvalidValue
from kerassl.pictures import image_grid
from kerassl.pretext.encoder_input import EncoderInput
from kerassl.pretext.image.base import ViewLayer
from kerassl.pretext.image.random_view import PLAIN

# Half of the lightness there is, which goes from 0 to 100.
HALF = 50.0
# The lightness in which a figure shows colours alone.
SHOWN = 70.0


@keras.saving.register_keras_serializable(package="kerassl")
class Colorize(ViewLayer):
    """Shows the lightness of each image and asks for its colours.

    Lightness is L of CIE L*a*b*, colours are a and b. An image that is grey has none to
    learn from and counts as nothing: its weight is 0.

    Args:
        size: As in `kerassl.augment.image.View`.
        crop_scale: As there.
        crop_ratio: As there.
        flip_rate: As there.
        least_chroma: An image is grey where no value of a or b is further from 0, from
            0 to 100, on the scale of L*a*b*.
        channels: Of the images given, 3. It is told since the encoder takes one: a
            preset that names it has files read in colour.
        jit_compile: As in `Views`.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        (batch, height, width, 3), uint8 in [0, 255] or float in [0, 1]; for other
        dtypes see `kerassl.augment.image.values`. `prepare` takes one channel too.

    Output:
        `({"lightness": lightness}, colors, weights)`: lightness float32 (batch, size,
        size, 1), scaled to [-1, 1]; colors float32 (batch, size, size, 2), a and b;
        weights float32 (batch,), 1, or 0 of a grey image.

    Raises:
        ValueError: If an argument is out of its range, or an input is no batch of
            images of three channels.

    Example:
        >>> layer = Colorize(8, jit_compile=False)
        >>> seed = tf.constant([0, 1])
        >>> x, colors, weights = layer(tf.zeros((2, 9, 9, 3), tf.uint8), seed=seed)
        >>> x["lightness"].shape, colors.shape, weights.numpy().tolist()
        (TensorShape([2, 8, 8, 1]), TensorShape([2, 8, 8, 2]), [0.0, 0.0])

    Reference:
        Zhang et al., 2016, https://arxiv.org/abs/1603.08511
    """

    def __init__(
        self,
        size: int = View.size,
        crop_scale: tuple[float, float] | None = View.crop_scale,
        crop_ratio: tuple[float, float] = View.crop_ratio,
        flip_rate: float = View.flip_rate,
        least_chroma: float = 5.0,
        channels: int = 3,
        jit_compile: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        check_number("least_chroma", least_chroma, least=0, most=100)
        check_one_of("channels", channels, (3,))
        view = View(size, crop_scale, crop_ratio, flip_rate, **PLAIN)
        self.make_views({"image": view}, jit_compile=jit_compile)
        self.least_chroma, self.channels = least_chroma, channels

    @property
    def encoder_input(self):
        made = "L of CIE L*a*b*, less 50, divided by 50"
        return EncoderInput("the lightness of images", made, -1.0, 1.0)

    def check(self, inputs):
        check_images(inputs)
        if as_tensor(inputs).shape[-1] != self.channels:
            raise InvalidValue(
                "`images` must have 3 channels, since grey ones have no colours to "
                f"tell. Received shape: {tuple(as_tensor(inputs).shape)}"
            )

    def call(self, inputs, seed):
        (x,) = super().call(inputs, seed)
        lab = rgb_to_lab(x["image"])
        colors = lab[..., 1:]
        chroma = tf.reduce_max(tf.abs(colors), axis=(1, 2, 3))
        weights = tf.cast(chroma > self.least_chroma, tf.float32)
        return {"lightness": _scaled(lab)}, colors, weights

    def prepare(self, inputs):
        """Returns the lightness of whole images, resized.

        Args:
            inputs: Images as for a call, or of one channel.

        Returns:
            float32 tensor (batch, size, size, 1) in [-1, 1].
        """
        images = resize(inputs, self.size)
        if images.shape[-1] == 1:
            images = tf.repeat(images, 3, axis=-1)
        return _scaled(rgb_to_lab(images))

    def color(self, lightness, colors):
        """Returns images of a lightness and colours.

        Args:
            lightness: Float tensor (batch, height, width, 1), as `prepare` gives it.
            colors: Float tensor (batch, rows, columns, 2) of a and b, resized where
                its sides differ.

        Returns:
            float32 tensor (batch, height, width, 3) in [0, 1].
        """
        lightness = tf.convert_to_tensor(lightness)
        colors = tf.image.resize(colors, lightness.shape[1:3])
        return lab_to_rgb(tf.concat([HALF * (lightness + 1.0), colors], axis=-1))

    def draw(self, inputs, seed):
        """Returns a figure: each image, its lightness, and its colours alone.

        Args:
            inputs: Images as for a call; each becomes a row.
            seed: Integer tensor of shape (2,).
        """
        x, colors, _ = self(inputs, seed)
        lightness = x["lightness"]
        even = tf.ones_like(lightness) * (SHOWN / HALF - 1.0)
        columns = [
            self.color(lightness, colors),
            (lightness + 1.0) / 2.0,
            self.color(even, colors),
        ]
        titles = ["image", "seen", "asked for"]
        return image_grid([column.numpy() for column in columns], titles=titles)

    def get_config(self):
        view = self.views["image"]
        return {
            **super().get_config(),
            "size": view.size,
            "crop_scale": view.crop_scale,
            "crop_ratio": view.crop_ratio,
            "flip_rate": view.flip_rate,
            "least_chroma": self.least_chroma,
            "channels": self.channels,
            "jit_compile": self.jit_compile,
        }


def _scaled(lab):
    return tf.clip_by_value(lab[..., :1] / HALF - 1.0, -1.0, 1.0)
