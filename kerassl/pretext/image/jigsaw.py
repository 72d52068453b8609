"""Jigsaw: in which order do nine tiles of an image lie?"""

import reprlib
from collections.abc import Sequence

import keras
import tensorflow as tf

from kerassl.augment.image import View, check_side
from kerassl.checks import check_integer
from kerassl.errors import InvalidValue
from kerassl.pretext.base import fold_seed
from kerassl.pretext.image.permutations import PERMUTATIONS
from kerassl.pretext.image.random_view import PLAIN
from kerassl.pretext.image.tiles import (
    StandardizedTileLayer,
    cut_tiles,
    draw_integers,
    standardize,
)


@keras.saving.register_keras_serializable(package="kerassl")
class Jigsaw(StandardizedTileLayer):
    """Cuts images into 3x3 tiles, mixes them, and asks for their order.

    The order is one of 64 permutations that are far from one another, so that one tile
    alone never tells it, and all must be seen. What tells the order without knowing
    what is seen is closed off:

    - Lines and textures that go on: a tile lies anywhere inside its cell, drawn, so
      that the pixels between two tiles are missing, and how many is not known.
    - The light: each channel of each tile has mean 0 and standard deviation 1.
    - Colour, also chromatic aberration: a share of the images is grey.

    Args:
        size: Side in pixels of the images that are cut, a multiple of 3: as in
            `kerassl.augment.image.View`.
        tile_size: Side of a tile in pixels, less than that of a cell, `size` / 3.
        permutations: Orders that are asked for, each of the numbers 0 to 8: tile i is
            of the cell `permutation[i]`, row by row. None for the 64 of
            `kerassl.pretext.image.permutations`, which belong to a trained head.
        grayscale_rate: As in `View`, of whole images.
        crop_scale: As there; None, the default, for the whole image. Crops are
            square.
        flip_rate: As there.
        jit_compile: As in `Views`.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Attributes:
        num_tiles: 9.
        num_classes: As many as there are permutations.

    Input shape:
        (batch, height, width, channels), 1 or 3 channels, uint8 in [0, 255] or
        float in [0, 1]; for other dtypes see `kerassl.augment.image.values`.

    Output:
        `({"tiles": tiles}, classes)`: tiles float32 of shape (batch, 1, 9, tile_size,
        tile_size, channels); classes int32 (batch, 1), numbers of permutations.

    Raises:
        ValueError: If an argument is out of its range, or an input is no batch of
            images.

    Example:
        >>> layer = Jigsaw(30, 8, jit_compile=False)
        >>> x, y = layer(tf.zeros((4, 32, 32, 3), tf.uint8), seed=tf.constant([0, 1]))
        >>> x["tiles"].shape, y.shape
        (TensorShape([4, 1, 9, 8, 8, 3]), TensorShape([4, 1]))

    Reference:
        Noroozi and Favaro, 2016, https://arxiv.org/abs/1603.09246
    """

    num_tiles = 9

    def __init__(
        self,
        size: int = 225,
        tile_size: int = 64,
        permutations: Sequence[Sequence[int]] | None = None,
        grayscale_rate: float = 0.3,
        crop_scale: tuple[float, float] | None = None,
        flip_rate: float = 0.0,
        jit_compile: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        check_side("size", size)
        if size % 3:
            raise InvalidValue(f"`size` must be a multiple of 3. Received: {size}")
        # In a tile as large as its cell lines would go on.
        check_integer("tile_size", tile_size, least=1, most=size // 3 - 1)
        options = {**PLAIN, "grayscale_rate": grayscale_rate}
        view = View(size, crop_scale, (1.0, 1.0), flip_rate, **options)
        self.make_views({"image": view}, jit_compile=jit_compile)
        self.tile_size = tile_size
        self.permutations = _checked(permutations)
        self.num_classes = len(self.permutations)

    def cut(self, images, seed):
        count, cell = tf.shape(images)[0], self.size // 3
        shape = (count, 1)
        classes = draw_integers(shape, fold_seed(seed, 0), 0, self.num_classes - 1)
        cells = tf.gather(tf.constant(self.permutations), classes[:, 0])  # (batch, 9)
        shape, most = (count, self.num_tiles), cell - self.tile_size
        top = cells // 3 * cell + draw_integers(shape, fold_seed(seed, 1), 0, most)
        left = cells % 3 * cell + draw_integers(shape, fold_seed(seed, 2), 0, most)
        tiles = standardize(cut_tiles(images, top, left, self.tile_size))
        return tiles[:, None], tf.ensure_shape(classes, (images.shape[0], 1))

    def get_config(self):
        view = self.views["image"]
        return {
            **super().get_config(),
            "size": view.size,
            "tile_size": self.tile_size,
            "permutations": self.permutations,
            "grayscale_rate": view.grayscale_rate,
            "crop_scale": view.crop_scale,
            "flip_rate": view.flip_rate,
            "jit_compile": self.jit_compile,
        }


def _checked(permutations):
    if permutations is None:
        return PERMUTATIONS
    try:
        orders = tuple(tuple(int(tile) for tile in order) for order in permutations)
    except (TypeError, ValueError):
        orders = ()
    if len(orders) < 2 or any(sorted(order) != list(range(9)) for order in orders):
        raise InvalidValue(
            "`permutations` must be two or more orders of the numbers 0 to 8, or None. "
            f"Received: {reprlib.repr(permutations)}"
        )
    if len(set(orders)) < len(orders):
        raise InvalidValue(
            "`permutations` must differ from one another. Received "
            f"{len(orders)}, of which {len(set(orders))} differ."
        )
    return orders
