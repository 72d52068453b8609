"""Crops of images, and blocks of patches that are hidden in the large ones."""

import math

import keras
import numpy as np
import tensorflow as tf

from kerassl.augment.image import View
from kerassl.checks import check_number, check_width
from kerassl.errors import InvalidValue
from kerassl.pictures import image_grid
from kerassl.pretext.base import fold_seed
from kerassl.pretext.image.multi_crop import MultiCrop

# Blocks that are laid one after another until enough is hidden.
BLOCKS = 16
# Least patches of a block, and the logarithm of its largest height / width.
LEAST, MOST_RATIO = 4, math.log(1 / 0.3)


@keras.saving.register_keras_serializable(package="kerassl")
class MaskedCrops(MultiCrop):
    """Makes views as `MultiCrop` does, and hides patches of the global ones.

    Which patches are hidden is told beside the views, which stay whole: to leave them
    out is the task's part. Blocks are laid at random places until as many patches
    are covered as are to be hidden; of the last block a random part is.

    Args:
        size: As in `MultiCrop`.
        local_size: As there.
        patch_size: Side in pixels of the patches of the encoder.
        mask_ratio: Share of the patches that is hidden, on the average of the global
            views in which any is.
        mask_spread: By how much that share differs at most, either way, evenly.
        masked_share: Share of the global views in which patches are hidden.
        name: Layer name.
        **kwargs: Of `MultiCrop`.

    Input shape:
        As in `kerassl.pretext.Views`.

    Output:
        That of `MultiCrop` and, for each global view, `"mask1"`, ...: int32 (batch,
        patches), row by row, 1 where a patch is hidden.

    Raises:
        ValueError: If an argument is out of its range, the patches do not fill the
            global views, or an input is no batch of images.

    Example:
        >>> layer = MaskedCrops(32, 16, 8, num_local_views=1, jit_compile=False)
        >>> (x,) = layer(tf.zeros((4, 40, 40, 3), tf.uint8), seed=tf.constant([0, 1]))
        >>> x["mask1"].shape, sorted(x)
        (TensorShape([4, 16]), ['local1', 'mask1', 'mask2', 'view1', 'view2'])

    References:
        Zhou et al., 2021, section 3 and appendix A, https://arxiv.org/abs/2111.07832
        Bao et al., 2021, blocks, https://arxiv.org/abs/2106.08254
    """

    def __init__(
        self,
        size: int = View.size,
        local_size: int = 96,
        patch_size: int = 16,
        mask_ratio: float = 0.3,
        mask_spread: float = 0.2,
        masked_share: float = 0.5,
        *,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(size, local_size, name=name, **kwargs)
        check_width(patch_size=patch_size)
        check_number("mask_ratio", mask_ratio, above=0, below=1)
        check_number("mask_spread", mask_spread, least=0)
        check_number("masked_share", masked_share, least=0, most=1)
        if size % patch_size:
            raise InvalidValue(
                "`size` must be a multiple of `patch_size`. Received: "
                f"size={size}, patch_size={patch_size}"
            )
        if not 0 <= mask_ratio - mask_spread <= mask_ratio + mask_spread < 1:
            raise InvalidValue(
                "`mask_spread` must leave a share in [0, 1) either way of "
                f"`mask_ratio`, {mask_ratio}. Received: {mask_spread}"
            )
        self.patch_size = patch_size
        self.mask_ratio = mask_ratio
        self.mask_spread = mask_spread
        self.masked_share = masked_share
        self._side = size // patch_size

    def call(self, inputs, seed):
        (views,) = super().call(inputs, seed)
        batch = views["view1"].shape[0] or tf.shape(views["view1"])[0]
        for i in range(1, 1 + self._options["num_global_views"]):
            views[f"mask{i}"] = self._mask(fold_seed(fold_seed(seed, 0), i), batch)
        return (views,)

    def _mask(self, seed, batch):
        """Returns the hidden patches of a view of each image."""
        count = self._side**2
        numbers = tf.random.stateless_uniform(
            (batch, 2 + 4 * BLOCKS + count), seed, alg="philox"
        )
        share, blocks, order = tf.split(numbers, [2, 4 * BLOCKS, count], axis=1)
        ratio = self.mask_ratio + self.mask_spread * (2.0 * share[:, :1] - 1.0)
        hidden = tf.maximum(tf.round(ratio * count), 1.0)
        hidden = tf.where(share[:, 1:] < self.masked_share, hidden, 0.0)
        covered = self._covered(tf.split(blocks, 4, axis=1), hidden)
        # The first block that covers a patch; those that none covers come last.
        first = tf.argmax(tf.cast(covered, tf.int32), axis=1, output_type=tf.int32)
        first = tf.where(tf.reduce_any(covered, axis=1), first, BLOCKS)
        ranks = tf.argsort(tf.cast(first, tf.float32) + order, axis=1, stable=True)
        places = tf.argsort(ranks, axis=1, stable=True)
        return tf.cast(tf.cast(places, tf.float32) < hidden, tf.int32)

    def _covered(self, numbers, hidden):
        """Returns which patches blocks cover, boolean (batch, blocks, patches)."""
        area, ratio, top, left = numbers
        area = LEAST + area * tf.maximum(hidden - LEAST, 0.0)
        stretch = tf.exp(0.5 * MOST_RATIO * (2.0 * ratio - 1.0))
        row, column = np.divmod(np.arange(self._side**2, dtype="float32"), self._side)
        inside = []
        for start, length, place in (
            (top, tf.sqrt(area) * stretch, row),
            (left, tf.sqrt(area) / stretch, column),
        ):
            length = tf.clip_by_value(tf.round(length), 1.0, self._side)
            begin = tf.floor(start * (self._side - length + 1.0))[..., None]
            inside.append((begin <= place) & (place < begin + length[..., None]))
        return inside[0] & inside[1]

    def draw(self, inputs, seed):
        """Returns a figure: each image, its views, and what is left of the global ones.

        Args:
            inputs: Images as for a call; each becomes a row.
            seed: Integer tensor of shape (2,).
        """
        x = {name: part.numpy() for name, part in self(inputs, seed)[0].items()}
        masks = [name for name in x if name.startswith("mask")]
        drawn = [self.prepare(inputs), *(x[name] for name in self.views)]
        drawn = [np.asarray(self._denormalize(part)) for part in drawn]
        names = list(self.views)
        for name in masks:
            view = drawn[1 + names.index(name.replace("mask", "view"))]
            shown = 1 - x[name].reshape(-1, self._side, self._side, 1)
            shown = shown.repeat(self.patch_size, 1).repeat(self.patch_size, 2)
            drawn.append(view * shown)
        return image_grid(drawn, titles=["image", *names, *masks])

    def get_config(self):
        return {
            **super().get_config(),
            "patch_size": self.patch_size,
            "mask_ratio": self.mask_ratio,
            "mask_spread": self.mask_spread,
            "masked_share": self.masked_share,
        }
