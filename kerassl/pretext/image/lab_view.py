"""One random view of each colour image, as lightness and colours."""

import keras
import tensorflow as tf

from kerassl.augment.image import View, as_tensor, scaled_lab, unscaled_lab
from kerassl.errors import InvalidValue
from kerassl.pictures import image_grid
from kerassl.pretext.encoder_input import EncoderInput
from kerassl.pretext.image.base import ViewLayer
from kerassl.pretext.image.random_view import PLAIN


@keras.saving.register_keras_serializable(package="kerassl")
class LabView(ViewLayer):
    """Makes one random view of each colour image, in the channels L, a and b.

    Lightness L and the colours a and b of one view show one scene in two ways that
    say nothing of each other's values: a grey image has none of the second. A
    method that compares them, such as `kerassl.models.CMC`, needs no augmentation.

    Each channel is scaled to [-1, 1] by the range of all colours of sRGB, the same
    for every image.

    Args:
        size: As in `kerassl.augment.image.View`, where the default is too.
        crop_scale: As there. CMC's is the default here.
        crop_ratio: As there.
        flip_rate: As there.
        jit_compile: As in `Views`.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        (batch, height, width, 3), uint8 in [0, 255] or float in [0, 1]; for other
        dtypes see `kerassl.augment.image.values`.

    Output:
        `({"image": views},)`, float32 of shape (batch, size, size, 3) in [-1, 1]: L,
        a, b.

    Raises:
        ValueError: If an argument is out of its range, or an input is no batch
            of colour images.

    Example:
        >>> layer = LabView(24, jit_compile=False)
        >>> (x,) = layer(tf.zeros((4, 28, 28, 3), tf.uint8), seed=tf.constant([0, 1]))
        >>> x["image"].shape, float(x["image"][0, 0, 0, 0])
        (TensorShape([4, 24, 24, 3]), -1.0)

    Reference:
        Tian et al., 2020, section 4.1, https://arxiv.org/abs/1906.05849
    """

    def __init__(
        self,
        size: int = View.size,
        crop_scale: tuple[float, float] | None = (0.2, 1.0),
        crop_ratio: tuple[float, float] = View.crop_ratio,
        flip_rate: float = View.flip_rate,
        jit_compile: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        view = View(size, crop_scale, crop_ratio, flip_rate, **PLAIN)
        self.make_views({"image": view}, jit_compile=jit_compile)

    @property
    def encoder_input(self):
        return EncoderInput("L, a, b of images", "each by its own range", -1.0, 1.0)

    def check(self, inputs):
        super().check(inputs)
        channels = as_tensor(inputs).shape[-1]
        if channels != 3:
            raise InvalidValue(
                "`images` must be in colour, with 3 channels: grey ones have a "
                f"lightness only. Received {channels} channel"
            )

    def draw(self, inputs, seed):
        """Returns a figure: each image, its view, and L and a, b of that alone.

        Args:
            inputs: Images as for a call; each becomes a row.
            seed: Integer tensor of shape (2,).
        """
        views = self(inputs, seed)[0]["image"]
        grey, colour = tf.unstack(tf.zeros((2, *views.shape)), axis=0)
        lightness = tf.concat([views[..., :1], self._normalize(grey)[..., 1:]], -1)
        # Colours at half lightness.
        colour = tf.concat([colour[..., :1], views[..., 1:]], -1)
        columns = [self.prepare(inputs), views, lightness, colour]
        return image_grid(
            [self._denormalize(x).numpy() for x in columns],
            titles=["image", "view", "L", "a, b"],
        )

    def _normalize(self, images):
        return scaled_lab(images)

    def _denormalize(self, images):
        return unscaled_lab(images)

    def get_config(self):
        view = self.views["image"]
        return {
            **super().get_config(),
            "size": view.size,
            "crop_scale": view.crop_scale,
            "crop_ratio": view.crop_ratio,
            "flip_rate": view.flip_rate,
            "jit_compile": self.jit_compile,
        }
