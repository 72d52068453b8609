"""Blocks of patches to predict, and the patches to predict them from: I-JEPA's."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from kerassl.augment.image import View
from kerassl.augment.image.view import check_pair
from kerassl.checks import check_integer, check_number, check_width
from kerassl.errors import InvalidValue
from kerassl.pictures import image_grid
from kerassl.pretext.base import fold_seed
from kerassl.pretext.image.base import ViewLayer
from kerassl.pretext.image.random_view import PLAIN

# Shapes of a block are drawn from so many areas and as many ratios, all alike.
KINDS = 32
MOST_TARGETS = 64


@keras.saving.register_keras_serializable(package="kerassl")
class MultiBlock(ViewLayer):
    """Makes a view of each image, target blocks of patches in it and their context.

    Of an image's patches some rectangles, the targets, are to be predicted. The
    context is one larger square less all patches of the targets. Places are drawn for
    each block, shapes for each image, the same for all its targets.

    All shapes are static: rows of patches are filled up with patches that do not
    count, marked by 0. A context of more than `context_limit` patches is a random part
    of them. Where the targets cover all of the context's square, which happens on
    small grids, the context is what they leave of the whole image.

    Args:
        size: Side of the views in pixels, a multiple of `patch_size`.
        patch_size: Side in pixels of the patches of the encoder.
        num_targets: How many targets an image has, which may overlap.
        target_scale: Least and largest share of the patches in a target.
        target_ratio: Least and largest height / width of a target.
        context_scale: Least and largest share of the patches in the context's square.
        context_limit: Largest share of the patches that the context keeps, in (0, 1].
            In the authors' code it is what the smallest context of a batch has.
        crop_scale: As in `kerassl.augment.image.View`. The default is I-JEPA's.
        crop_ratio: As there.
        flip_rate: As there; I-JEPA does without.
        mean: As in `kerassl.pretext.TwoViews`.
        std: As there.
        jit_compile: As there.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        As in `kerassl.pretext.TwoViews`.

    Output:
        A tuple of one dict: `"images"`, float32 (batch, size, size, channels), in
        [0, 1] before `mean` and `std`; `"context"`, int32 (batch, patches), places of
        patches counted row by row, in random order; `"targets"`, int32 (batch,
        num_targets, patches); and `"context_mask"` and `"target_mask"`, int32 of the
        same shapes, 1 where a patch counts.

    Raises:
        ValueError: If an argument is out of its range, the patches do not fill the
            views, the targets may cover all patches, or an input is no batch of images.

    Example:
        >>> layer = MultiBlock(32, 4, jit_compile=False)
        >>> (x,) = layer(tf.zeros((2, 40, 40, 3), tf.uint8), seed=tf.constant([0, 1]))
        >>> x["context"].shape, x["targets"].shape
        (TensorShape([2, 32]), TensorShape([2, 4, 12]))

    Reference:
        Assran et al., 2023, section 3, https://arxiv.org/abs/2301.08243
    """

    def __init__(
        self,
        size: int = View.size,
        patch_size: int = 16,
        num_targets: int = 4,
        target_scale: tuple[float, float] = (0.15, 0.2),
        target_ratio: tuple[float, float] = (0.75, 1.5),
        context_scale: tuple[float, float] = (0.85, 1.0),
        context_limit: float = 0.5,
        crop_scale: tuple[float, float] | None = (0.3, 1.0),
        crop_ratio: tuple[float, float] = View.crop_ratio,
        flip_rate: float = 0.0,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        jit_compile: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        view = View(size, crop_scale, crop_ratio, flip_rate, **PLAIN)
        self.make_views({"images": view}, mean, std, jit_compile)
        check_width(patch_size=patch_size)
        check_integer("num_targets", num_targets, least=1, most=MOST_TARGETS)
        check_pair("target_scale", target_scale, "a pair", most=1)
        check_pair("context_scale", context_scale, "a pair", most=1)
        check_pair("target_ratio", target_ratio, "a pair")
        check_number("context_limit", context_limit, above=0, most=1)
        if size % patch_size:
            raise InvalidValue(
                "`size` must be a multiple of `patch_size`. Received: "
                f"size={size}, patch_size={patch_size}"
            )
        self.patch_size = patch_size
        self.num_targets = num_targets
        self.target_scale = tuple(target_scale)
        self.target_ratio = tuple(target_ratio)
        self.context_scale = tuple(context_scale)
        self.context_limit = context_limit
        side = size // patch_size
        self._side, self._count = side, side * side
        self._target_shapes = block_shapes(side, target_scale, target_ratio)
        self._context_shapes = block_shapes(side, context_scale, (1.0, 1.0))
        self._length = int(self._target_shapes.prod(axis=1).max())
        if num_targets * self._length >= self._count:
            raise InvalidValue(
                "`num_targets` blocks of `target_scale` must leave a patch. Received: "
                f"{num_targets} of up to {self._length} of {self._count} patches"
            )
        self._kept = max(1, int(context_limit * self._count))

    def call(self, inputs, seed):
        (views,) = super().call(inputs, seed)
        batch = views["images"].shape[0] or tf.shape(views["images"])[0]
        numbers = tf.random.stateless_uniform(
            (batch, 4 + 2 * self.num_targets + self._count),
            fold_seed(seed, 0),
            alg="philox",
        )
        sizes = [1, 2 * self.num_targets, 3, self._count]
        shape, places, square, order = tf.split(numbers, sizes, axis=1)
        height, width = _drawn_shape(shape, self._target_shapes)
        top, left = (
            _drawn_start(part, side, self._side)
            for part, side in zip(
                tf.split(places, 2, axis=1), (height, width), strict=True
            )
        )
        blocks = top, left, height, width
        side, _ = _drawn_shape(square[:, :1], self._context_shapes)
        corner = [_drawn_start(square[:, i : i + 1], side, self._side) for i in (1, 2)]
        inside = self._cells(*corner, side, side)[:, 0]
        context, context_mask = self._context(inside, self._cells(*blocks), order)
        targets, target_mask = self._targets(*blocks)
        return (
            {
                "images": views["images"],
                "context": context,
                "context_mask": context_mask,
                "targets": targets,
                "target_mask": target_mask,
            },
        )

    def _cells(self, top, left, height, width):
        """Returns which patches are in blocks, boolean (batch, blocks, patches)."""
        row, column = np.divmod(np.arange(self._count, dtype="int32"), self._side)
        inside = [
            (start[..., None] <= place) & (place < (start + length)[..., None])
            for start, length, place in ((top, height, row), (left, width, column))
        ]
        return inside[0] & inside[1]

    def _context(self, inside, covered, order):
        """Returns the places of the context's patches, and which of them count."""
        free = ~tf.reduce_any(covered, axis=1)
        allowed = inside & free
        allowed = tf.where(tf.reduce_any(allowed, axis=1, keepdims=True), allowed, free)
        # Those allowed first, in random order.
        ranks = order + tf.cast(allowed, tf.float32)
        kept = tf.argsort(ranks, axis=1, direction="DESCENDING", stable=True)
        kept = kept[:, : self._kept]
        return kept, tf.cast(tf.gather(allowed, kept, axis=1, batch_dims=1), tf.int32)

    def _targets(self, top, left, height, width):
        """Returns the places of the targets' patches, and which of them count."""
        number = np.arange(self._length, dtype="int32")
        row, column = number // width[..., None], number % width[..., None]
        places = (top[..., None] + row) * self._side + left[..., None] + column
        counts = tf.broadcast_to(number < (height * width)[..., None], tf.shape(places))
        shape = (top.shape[0], self.num_targets, self._length)
        places = tf.where(counts, places, tf.zeros_like(places))
        found = (places, tf.cast(counts, tf.int32))
        return tuple(tf.ensure_shape(part, shape) for part in found)

    def draw(self, inputs, seed):
        """Returns a figure: each image, its view, the context and the targets.

        Args:
            inputs: Images as for a call; each becomes a row.
            seed: Integer tensor of shape (2,).
        """
        x = self(inputs, seed)[0]
        image, view = (
            self._denormalize(part).numpy()
            for part in (self.prepare(inputs), x["images"])
        )
        shown = [
            view * self._shown(x[places].numpy(), x[mask].numpy())
            for places, mask in (
                ("context", "context_mask"),
                ("targets", "target_mask"),
            )
        ]
        titles = ["image", "view", "context", "targets"]
        return image_grid([image, view, *shown], titles=titles)

    def _shown(self, places, mask):
        """Returns 1 for pixels of patches that count, (batch, size, size, 1)."""
        shown = np.zeros((len(places), self._count))
        for row, own, counts in zip(shown, places, mask, strict=True):
            row[own[counts == 1]] = 1.0
        shown = shown.reshape(-1, self._side, self._side, 1)
        return shown.repeat(self.patch_size, axis=1).repeat(self.patch_size, axis=2)

    def get_config(self):
        view = self.views["images"]
        return {
            **super().get_config(),
            "size": view.size,
            "patch_size": self.patch_size,
            "num_targets": self.num_targets,
            "target_scale": self.target_scale,
            "target_ratio": self.target_ratio,
            "context_scale": self.context_scale,
            "context_limit": self.context_limit,
            "crop_scale": view.crop_scale,
            "crop_ratio": view.crop_ratio,
            "flip_rate": view.flip_rate,
            "mean": self.mean,
            "std": self.std,
            "jit_compile": self.jit_compile,
        }


def block_shapes(side: int, scale, ratio):
    """Returns shapes of blocks, which are drawn alike.

    Args:
        side: Patches along the side of a square grid.
        scale: Least and largest share of the grid's patches.
        ratio: Least and largest height / width.

    Returns:
        Int32 NumPy array (shapes, 2) of heights and widths, from 1 to `side`: each of
        `KINDS` areas with each of as many ratios, evenly laid and rounded.

    Example:
        >>> block_shapes(8, (0.25, 0.25), (1.0, 1.0))[:2].tolist()
        [[4, 4], [4, 4]]
    """
    middle = (np.arange(KINDS) + 0.5) / KINDS
    areas, ratios = (low + middle * (high - low) for low, high in (scale, ratio))
    areas = np.floor(areas * side * side + 1e-9)[:, None]
    sides = np.stack([np.sqrt(areas * ratios), np.sqrt(areas / ratios)], axis=-1)
    return np.clip(np.rint(sides), 1, side).astype("int32").reshape(-1, 2)


def _drawn_shape(numbers, shapes):
    """Returns (heights, widths), int32 (batch, 1) each, of numbers (batch, 1)."""
    index = tf.cast(numbers * len(shapes), tf.int32)
    drawn = tf.gather(tf.constant(shapes), index)
    return drawn[..., 0], drawn[..., 1]


def _drawn_start(numbers, length, side):
    """Returns where blocks of a length begin, int32 (batch, blocks)."""
    return tf.cast(numbers * tf.cast(side - length + 1, tf.float32), tf.int32)
