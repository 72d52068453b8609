"""Rotation: by how many quarter turns was an image turned?"""

import keras
import tensorflow as tf

from kerassl.augment.image import View, as_tensor, check_images
from kerassl.errors import InvalidValue
from kerassl.pretext.image.random_view import PLAIN
from kerassl.pretext.image.tiles import TileLayer

TURNS = 4


@keras.saving.register_keras_serializable(package="kerassl")
class Rotation(TileLayer):
    """Makes four turned copies of each image and asks by how much each was turned.

    All four quarter turns of a view are in one batch, as in the paper. They are
    transposes and flips, which move values without changing one: what interpolation
    does to an image would tell by how much it was turned. For the same reason images
    must be square, and crops are.

    Nothing is learnt from what looks the same turned, such as a ball; and a turned 6
    is a 9. Where a turn is no part of the world, as in satellite or microscope images,
    there is nothing to tell.

    Args:
        size: As in `kerassl.augment.image.View`.
        crop_scale: As there; None, the default, for the whole image.
        flip_rate: As there.
        mean: Mean of each channel to subtract, in [0, 1], or None.
        std: Standard deviation of each channel to divide by, or None.
        jit_compile: As in `Views`.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Attributes:
        num_tiles: 1.
        num_classes: 4.
        tile_size: `size`.

    Input shape:
        (batch, side, side, channels), 1 or 3 channels, uint8 in [0, 255] or
        float in [0, 1]; for other dtypes see `kerassl.augment.image.values`.

    Output:
        `({"tiles": tiles}, classes)`: tiles float32 (batch, 4, 1, size, size,
        channels), the view turned by 0, 90, 180 and 270 degrees counterclockwise;
        classes int32 (batch, 4), which are 0, 1, 2 and 3.

    Raises:
        ValueError: If an argument is out of its range, or an input is no batch
            of square images.

    Example:
        >>> layer = Rotation(8, jit_compile=False)
        >>> x, y = layer(tf.zeros((2, 8, 8, 1), tf.uint8), seed=tf.constant([0, 1]))
        >>> x["tiles"].shape, y[0].numpy().tolist()
        (TensorShape([2, 4, 1, 8, 8, 1]), [0, 1, 2, 3])

    Reference:
        Gidaris et al., 2018, https://arxiv.org/abs/1803.07728
    """

    num_tiles = 1
    num_classes = TURNS

    def __init__(
        self,
        size: int = View.size,
        crop_scale: tuple[float, float] | None = None,
        flip_rate: float = View.flip_rate,
        mean=None,
        std=None,
        jit_compile: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        view = View(size, crop_scale, (1.0, 1.0), flip_rate, **PLAIN)
        self.make_views({"image": view}, mean, std, jit_compile)
        self.tile_size = size

    def check(self, inputs):
        check_images(inputs)
        height, width = as_tensor(inputs).shape[1:3]
        if height != width:
            raise InvalidValue(
                "`images` must be square, since a quarter turn of others is told by "
                f"their shape: crop them first. Received: {height} x {width}"
            )
        super().check(inputs)

    def cut(self, images, seed):
        turned = tf.stack(quarter_turns(images), axis=1)[:, :, None]
        turns = tf.range(TURNS, dtype=tf.int32)[None]
        return turned, tf.repeat(turns, tf.shape(images)[0], axis=0)

    def get_config(self):
        view = self.views["image"]
        return {
            **super().get_config(),
            "size": view.size,
            "crop_scale": view.crop_scale,
            "flip_rate": view.flip_rate,
            "mean": self.mean,
            "std": self.std,
            "jit_compile": self.jit_compile,
        }


def quarter_turns(images):
    """Returns images turned by 0, 90, 180 and 270 degrees counterclockwise.

    Args:
        images: Tensor (batch, side, side, channels).

    Returns:
        List of four such tensors, the values of each those of `images`.

    Example:
        >>> turned = quarter_turns(tf.reshape(tf.range(4), (1, 2, 2, 1)))
        >>> [image[0, ..., 0].numpy().tolist() for image in turned]
        [[[0, 1], [2, 3]], [[1, 3], [0, 2]], [[3, 2], [1, 0]], [[2, 0], [3, 1]]]
    """
    transposed = tf.transpose(images, (0, 2, 1, 3))
    return [
        images,
        tf.reverse(transposed, [1]),
        tf.reverse(images, [1, 2]),
        tf.reverse(transposed, [2]),
    ]
