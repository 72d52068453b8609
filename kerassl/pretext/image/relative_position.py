"""Relative position: where is one patch of an image, seen from another?"""

import keras
import numpy as np
import tensorflow as tf

from kerassl.augment.image import View, check_side, coarse_matrix
from kerassl.checks import check_integer, check_number, check_one_of
from kerassl.errors import InvalidValue
from kerassl.pretext.base import fold_seed
from kerassl.pretext.image.random_view import PLAIN
from kerassl.pretext.image.tiles import (
    StandardizedTileLayer,
    cut_tiles,
    draw_integers,
    standardize,
)

COLORS = ("drop", "project", "keep")
# How many patches down and to the right of the first one:
PLACES = tuple((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0))
# Green against magenta: a lens shrinks green towards the centre, or the others.
GREEN_MAGENTA = np.array([-1.0, 2.0, -1.0])
PROJECTION = np.eye(3) - np.outer(GREEN_MAGENTA, GREEN_MAGENTA) / 6.0
# The least side of a patch that was made coarse, as the paper's 100 pixels.
LEAST_SIDE = 10
# Standard deviation of what stands in the place of a channel, whose own is 1.
NOISE = 0.01
# More of one image no batch has room for.
MOST_PAIRS = 256


@keras.saving.register_keras_serializable(package="kerassl")
class RelativePosition(StandardizedTileLayer):
    """Cuts pairs of patches and asks where the second lies, of eight places.

    What tells that without knowing what is seen is closed off:

    - Lines and textures that go on: `gap` pixels lie between patches, and each is
      moved by up to `jitter` pixels.
    - The light: each channel of each patch has mean 0 and standard deviation 1.
    - Chromatic aberration, by which a network finds where in a photograph a patch
      was: `color="drop"` keeps one channel of each patch, drawn, and puts faint noise
      in the place of the others; `"project"` takes green against magenta away;
      `"keep"` is for images without a lens. One channel stays as it is.
    - What only the finest pixels know: a share of the patches is made coarse.

    Args:
        size: Side in pixels of the images that patches are cut from: as in
            `kerassl.augment.image.View`. The paper's images have 150,000 to 450,000
            pixels.
        tile_size: Side of a patch in pixels.
        gap: Pixels between patches.
        jitter: By how many pixels a patch is moved at most, up or down and to a side,
            at most half of `gap`: patches never touch.
        pairs: Pairs of patches cut of each image.
        color: `"drop"`, `"project"` or `"keep"`.
        downsample_rate: Share of the patches that are made coarse, shrunk to 10 or
            more pixels a side and enlarged again.
        crop_scale: As in `View`; None, the default, for the whole image. Crops are
            square.
        flip_rate: As there.
        jit_compile: As in `Views`.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Attributes:
        num_tiles: 2.
        num_classes: 8.

    Input shape:
        (batch, height, width, channels), 1 or 3 channels, uint8 in [0, 255] or
        float in [0, 1]; for other dtypes see `kerassl.augment.image.values`.

    Output:
        `({"tiles": tiles}, classes)`: tiles float32 of shape (batch, pairs, 2,
        tile_size, tile_size, channels); classes int32 (batch, pairs): from above left,
        0, row by row to below right, 7.

    Raises:
        ValueError: If an argument is out of its range, three patches a side do not
            fit into `size`, or an input is no batch of images.

    Example:
        >>> layer = RelativePosition(32, 8, gap=2, jitter=1, jit_compile=False)
        >>> x, y = layer(tf.zeros((4, 32, 32, 3), tf.uint8), seed=tf.constant([0, 1]))
        >>> x["tiles"].shape, y.shape
        (TensorShape([4, 1, 2, 8, 8, 3]), TensorShape([4, 1]))

    Reference:
        Doersch et al., 2015, https://arxiv.org/abs/1505.05192
    """

    num_tiles = 2
    num_classes = len(PLACES)

    def __init__(
        self,
        size: int = 448,
        tile_size: int = 96,
        gap: int = 48,
        jitter: int = 7,
        pairs: int = 1,
        color: str = "drop",
        downsample_rate: float = 0.33,
        crop_scale: tuple[float, float] | None = None,
        flip_rate: float = 0.0,
        jit_compile: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        check_side("tile_size", tile_size)
        check_integer("gap", gap, least=0)
        check_integer("jitter", jitter, least=0, most=gap // 2)
        check_integer("pairs", pairs, least=1, most=MOST_PAIRS)
        check_one_of("color", color, COLORS)
        check_number("downsample_rate", downsample_rate, least=0, most=1)
        view = View(size, crop_scale, (1.0, 1.0), flip_rate, **PLAIN)
        self.make_views({"image": view}, jit_compile=jit_compile)
        self.tile_size, self.gap, self.jitter = tile_size, gap, jitter
        self.pairs, self.color, self.downsample_rate = pairs, color, downsample_rate
        if self._reach > size:
            raise InvalidValue(
                "`size` must hold three patches a side with their gaps and jitter, "
                f"{self._reach} pixels. Received: size={size}"
            )

    def cut(self, images, seed):
        shape = (tf.shape(images)[0], self.pairs)
        classes = draw_integers(shape, fold_seed(seed, 0), 0, self.num_classes - 1)
        places = tf.gather(tf.constant(PLACES), classes)  # (batch, pairs, 2)
        corners = self._corners(places, seed)
        corners = tf.reshape(corners, (-1, 2 * self.pairs, 2))
        tiles = cut_tiles(images, corners[..., 0], corners[..., 1], self.tile_size)
        channels = images.shape[-1]
        tiles = tf.reshape(tiles, (-1, *tiles.shape[2:]))
        tiles = self._without_lens(self._coarse(tiles, seed), seed)
        side = self.tile_size
        tiles = tf.reshape(tiles, (-1, self.pairs, 2, side, side, channels))
        return tiles, tf.ensure_shape(classes, (images.shape[0], self.pairs))

    @property
    def _reach(self):
        """Side in pixels of a square that holds a patch and all its neighbours."""
        return 3 * self.tile_size + 2 * self.gap + 4 * self.jitter

    def _corners(self, places, seed):
        """Returns the first row and column of both patches, (batch, pairs, 2, 2)."""
        # The first patch lies where all eight neighbours would fit, so that where it
        # lies tells nothing of which one was drawn.
        step, shape = self.tile_size + self.gap, tf.shape(places)
        least = step + 2 * self.jitter
        most = self.size - self.tile_size - least
        first = draw_integers(shape, fold_seed(seed, 1), least, most)
        moves = tf.concat([shape[:2], [2, 2]], axis=0)
        moved = draw_integers(moves, fold_seed(seed, 2), -self.jitter, self.jitter)
        return tf.stack([first, first + step * places], axis=2) + moved

    def _coarse(self, tiles, seed):
        """Returns tiles (count, side, side, channels), a share of them coarse."""
        if self.downsample_rate == 0 or self.tile_size <= LEAST_SIDE:
            return tiles
        draws = tf.random.stateless_uniform((tf.shape(tiles)[0], 2), fold_seed(seed, 3))
        least, most = LEAST_SIDE**2, (self.tile_size - 1) ** 2
        sides = tf.floor(tf.sqrt(least + draws[:, 1] * (most - least)))
        matrix = coarse_matrix(sides, self.tile_size)
        made = tf.einsum("npi,nijc,nqj->npqc", matrix, tiles, matrix)
        chosen = draws[:, 0] < self.downsample_rate
        return tf.where(chosen[:, None, None, None], made, tiles)

    def _without_lens(self, tiles, seed):
        """Returns standardized tiles whose channels do not tell of a lens."""
        if tiles.shape[-1] == 1 or self.color == "keep":
            return standardize(tiles)
        if self.color == "project":
            projection = tf.constant(PROJECTION, tf.float32)
            return standardize(tf.einsum("nhwc,dc->nhwd", tiles, projection))
        kept = draw_integers((tf.shape(tiles)[0],), fold_seed(seed, 4), 0, 2)
        noise = tf.random.stateless_normal(tf.shape(tiles), fold_seed(seed, 5))
        is_kept = tf.one_hot(kept, 3)[:, None, None] > 0
        return tf.where(is_kept, standardize(tiles), NOISE * noise)

    def get_config(self):
        view = self.views["image"]
        return {
            **super().get_config(),
            "size": view.size,
            "tile_size": self.tile_size,
            "gap": self.gap,
            "jitter": self.jitter,
            "pairs": self.pairs,
            "color": self.color,
            "downsample_rate": self.downsample_rate,
            "crop_scale": view.crop_scale,
            "flip_rate": view.flip_rate,
            "jit_compile": self.jit_compile,
        }
