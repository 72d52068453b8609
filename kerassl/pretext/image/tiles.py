"""What layers that cut images into tiles and ask about these have in common."""

import numpy as np
import tensorflow as tf

from kerassl.pictures import image_grid
from kerassl.pretext.base import fold_seed
from kerassl.pretext.encoder_input import EncoderInput
from kerassl.pretext.image.base import ViewLayer

# A tile whose values differ by less than a shade of 8 bits is not magnified.
LEAST_STD = 1.0 / 255.0


class TileLayer(ViewLayer):
    """Makes puzzles of images: tiles of each, and a class to tell from them.

    A subclass makes its one view, `"image"`, by `make_views`, and writes `cut`.

    Args:
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Attributes:
        num_tiles: Tiles of one puzzle.
        num_classes: Answers that a puzzle may have.
        tile_size: Side of a tile in pixels.

    Input shape:
        (batch, height, width, channels), 1 or 3 channels, uint8 in [0, 255] or
        float in [0, 1]; for other dtypes see `kerassl.augment.image.values`.

    Output:
        `({"tiles": tiles}, classes)`: tiles float32 of shape (batch, puzzles,
        num_tiles, tile_size, tile_size, channels), classes int32 of shape (batch,
        puzzles), in [0, num_classes).
    """

    num_tiles: int
    num_classes: int
    tile_size: int

    def cut(self, images, seed):
        """Returns (tiles, classes) of images that are views already.

        Args:
            images: float32 tensor (batch, size, size, channels).
            seed: Integer tensor of shape (2,).
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `cut`.")

    def call(self, inputs, seed):
        (x,) = super().call(inputs, seed)
        tiles, classes = self.cut(x["image"], fold_seed(seed, 0))
        return {"tiles": tiles}, classes

    def draw(self, inputs, seed):
        """Returns a figure: each image, and beside it the tiles of its first puzzle.

        Where a puzzle has one tile, those of all puzzles.

        Args:
            inputs: Images as for a call; each becomes a row.
            seed: Integer tensor of shape (2,).
        """
        x, _ = self(inputs, seed)
        tiles = x["tiles"].numpy()
        tiles = tiles[:, :, 0] if self.num_tiles == 1 else tiles[:, 0]
        shown = [self._shown(part) for part in tiles.swapaxes(0, 1)]
        names = [f"tile {i}" for i in range(1, 1 + len(shown))]
        images = self._shown(self.prepare(inputs).numpy())
        return image_grid([images, *shown], titles=["image", *names])

    def _shown(self, images):
        """Returns images as they are drawn, in [0, 1]."""
        return np.asarray(self._denormalize(images))


class StandardizedTileLayer(TileLayer):
    """Makes tiles each of which has mean 0 and standard deviation 1 by itself.

    So the light and the contrast of two tiles do not tell that they lie side by side.
    """

    @property
    def encoder_input(self):
        made = "each channel of each image less its mean, divided by its deviation"
        return EncoderInput("images", made)

    def prepare(self, inputs):
        """Returns the whole images, resized and standardized as tiles are.

        Args:
            inputs: Images as for a call.

        Returns:
            float32 tensor (batch, size, size, channels).
        """
        return standardize(super().prepare(inputs))

    def _shown(self, images):
        return images / 4.0 + 0.5


def cut_tiles(images, top, left, side):
    """Returns square parts of images at whole pixels, any number of each.

    Args:
        images: Tensor (batch, height, width, channels).
        top: Integer tensor (batch, tiles), the first row of each part.
        left: Integer tensor (batch, tiles), the first column.
        side: Height and width of a part in pixels.

    Returns:
        Tensor (batch, tiles, side, side, channels).

    Example:
        >>> images = tf.reshape(tf.range(16), (1, 4, 4, 1))
        >>> cut_tiles(images, [[2]], [[1]], 2)[0, 0, ..., 0].numpy().tolist()
        [[9, 10], [13, 14]]
    """
    inside = tf.range(side)
    rows = tf.expand_dims(tf.cast(top, tf.int32), -1) + inside  # (batch, tiles, side)
    columns = tf.expand_dims(tf.cast(left, tf.int32), -1) + inside
    tiles, channels = rows.shape[1], images.shape[-1]
    strips = tf.gather(images, tf.reshape(rows, (-1, tiles * side)), batch_dims=1)
    strips = tf.reshape(strips, (-1, tiles, side, images.shape[2], channels))
    columns = tf.repeat(tf.expand_dims(columns, 2), side, axis=2)
    return tf.gather(strips, columns, axis=3, batch_dims=3)


def standardize(images):
    """Returns images whose channels have mean 0 and standard deviation 1 each.

    A channel of one value is 0.

    Args:
        images: Float tensor (..., height, width, channels).

    Returns:
        Float tensor of the same shape.

    Example:
        >>> standardize(tf.constant([[[1.0], [0.0]]]))[..., 0].numpy().tolist()
        [[1.0, -1.0]]
    """
    mean, variance = tf.nn.moments(images, axes=(-3, -2), keepdims=True)
    return (images - mean) / tf.maximum(tf.sqrt(variance), LEAST_STD)


def draw_integers(shape, seed, least, most):
    """Returns random integers, uniform from `least` to `most`, both included.

    Args:
        shape: Shape of the result.
        seed: Integer tensor of shape (2,).
        least: Integer.
        most: Integer.

    Example:
        >>> draw_integers((2,), (0, 1), 3, 3).numpy().tolist()
        [3, 3]
    """
    return tf.random.stateless_uniform(shape, seed, least, most + 1, tf.int32)
