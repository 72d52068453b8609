"""One random view of each image."""

import keras

from kerassl.augment.image import View
from kerassl.pretext.image.base import ViewLayer

# A crop, perhaps flipped, and nothing else.
PLAIN = {"color_rate": 0.0, "grayscale_rate": 0.0, "blur_rate": 0.0}


@keras.saving.register_keras_serializable(package="kerassl")
class RandomView(ViewLayer):
    """Makes one random view of each image: a crop, perhaps flipped.

    For tasks that compare an image with something kept of it, such as the
    cluster that it belongs to, rather than with another view.

    Args:
        size: As in `kerassl.augment.image.View`, where the defaults are too.
        crop_scale: As there.
        crop_ratio: As there.
        flip_rate: As there.
        jit_compile: As in `Views`.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        As in `Views`.

    Output:
        `({"image": views},)`, float32 of shape (batch, size, size, channels)
        in [0, 1].

    Raises:
        ValueError: If an argument is out of its range, or an input is no batch
            of images.

    Example:
        >>> import tensorflow as tf
        >>> layer = RandomView(24, jit_compile=False)
        >>> (x,) = layer(tf.zeros((4, 28, 28, 1), tf.uint8), seed=tf.constant([0, 1]))
        >>> x["image"].shape
        TensorShape([4, 24, 24, 1])

    Reference:
        Caron et al., 2018, section 3.3, https://arxiv.org/abs/1807.05520
    """

    def __init__(
        self,
        size: int = View.size,
        crop_scale: tuple[float, float] | None = View.crop_scale,
        crop_ratio: tuple[float, float] = View.crop_ratio,
        flip_rate: float = View.flip_rate,
        jit_compile: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        view = View(size, crop_scale, crop_ratio, flip_rate, **PLAIN)
        self.make_views({"image": view}, jit_compile=jit_compile)

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
