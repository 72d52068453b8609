"""Images of which patches are hidden: the pretext task of masked image modelling."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from kerassl.augment.image import View
from kerassl.checks import check_number, check_width
from kerassl.errors import InvalidValue
from kerassl.pictures import image_grid
from kerassl.pretext.base import fold_seed
from kerassl.pretext.image.base import ViewLayer
from kerassl.pretext.image.random_view import PLAIN

# What is drawn where a patch is hidden, between black and white.
GREY = 0.5
# Shares such as 0.6 are a little more or less in binary.
ROUNDING = 1e-9


@keras.saving.register_keras_serializable(package="kerassl")
class MaskedPatches(ViewLayer):
    """Makes one view of each image and tells which of its patches are hidden.

    The image is left whole: what is hidden from the encoder is the task's to leave
    out. Equally many patches are hidden in every image, so that all shapes are
    static: the share `mask_ratio` of the units, rounded up.

    Args:
        size: Side of the views in pixels, a multiple of `unit_size`.
        patch_size: Side in pixels of the patches of the encoder.
        mask_ratio: Share of the units that is hidden, in (0, 1); one at least is
            hidden, and one is left.
        unit_size: Side in pixels of the squares that are hidden together, a multiple
            of `patch_size`; None for single patches. SimMIM takes 32.
        crop_scale: As in `kerassl.augment.image.View`. The default is MAE's.
        crop_ratio: As there.
        flip_rate: As there.
        mean: As in `kerassl.pretext.TwoViews`.
        std: As there.
        jit_compile: As there.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        As in `kerassl.pretext.TwoViews`.

    Output:
        `({"images": ..., "visible": ..., "hidden": ...},)`: float32 (batch, size,
        size, channels), in [0, 1] before `mean` and `std`, and the places of the
        patches, int32 (batch, patches), counted row by row, each kind in random
        order.

    Raises:
        ValueError: If an argument is out of its range, the units do not fill the
            views, or an input is no batch of images.

    Example:
        >>> layer = MaskedPatches(28, 7, jit_compile=False)
        >>> (x,) = layer(tf.zeros((4, 28, 28, 1), tf.uint8), seed=tf.constant([0, 1]))
        >>> x["visible"].shape, x["hidden"].shape
        (TensorShape([4, 4]), TensorShape([4, 12]))

    References:
        He et al., 2021, https://arxiv.org/abs/2111.06377
        Xie et al., 2021, section 3.2, https://arxiv.org/abs/2111.09886
    """

    def __init__(
        self,
        size: int = View.size,
        patch_size: int = 16,
        mask_ratio: float = 0.75,
        unit_size: int | None = None,
        crop_scale: tuple[float, float] | None = (0.2, 1.0),
        crop_ratio: tuple[float, float] = View.crop_ratio,
        flip_rate: float = View.flip_rate,
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
        if unit_size is not None:
            check_width(unit_size=unit_size)
        check_number("mask_ratio", mask_ratio, above=0, below=1)
        self.patch_size = patch_size
        self.mask_ratio = mask_ratio
        self.unit_size = unit_size
        unit = patch_size if unit_size is None else unit_size
        if unit % patch_size or size % unit:
            raise InvalidValue(
                "`size` must be a multiple of `unit_size`, and that of `patch_size`. "
                f"Received: size={size}, unit_size={unit_size}, "
                f"patch_size={patch_size}"
            )
        self._units = _patches_of_units(size // unit, unit // patch_size)
        count = len(self._units)
        self._hidden = int(np.ceil(mask_ratio * count - ROUNDING))
        if not 0 < self._hidden < count:
            raise InvalidValue(
                "`mask_ratio` must leave one unit at least of those of a view. "
                f"Received: {mask_ratio} of {count} units"
            )

    def call(self, inputs, seed):
        (views,) = super().call(inputs, seed)
        batch_size = views["images"].shape[0] or tf.shape(views["images"])[0]
        numbers = tf.random.stateless_uniform(
            (batch_size, len(self._units)), fold_seed(seed, 0), alg="philox"
        )
        order = tf.argsort(numbers, axis=1, stable=True)
        hidden, visible = order[:, : self._hidden], order[:, self._hidden :]
        return (
            {
                "images": views["images"],
                "visible": self._patches(visible),
                "hidden": self._patches(hidden),
            },
        )

    def draw(self, inputs, seed):
        """Returns a figure: each image, its view, and what is left of that.

        Args:
            inputs: Images as for a call; each becomes a row.
            seed: Integer tensor of shape (2,).
        """
        x = self(inputs, seed)[0]
        image, view = map(self.values, (self.prepare(inputs), x["images"]))
        masked = self.masked(view, x["hidden"].numpy())
        return image_grid([image, view, masked], titles=["image", "view", "masked"])

    def values(self, images):
        """Returns prepared images as they are drawn, in [0, 1].

        Args:
            images: Float tensor or array, on the scale that `prepare` makes.

        Returns:
            NumPy array of the same shape.
        """
        return np.asarray(self._denormalize(tf.convert_to_tensor(images)))

    def masked(self, images, hidden):
        """Returns images in which patches are grey.

        Args:
            images: NumPy array (batch, size, size, channels) in [0, 1].
            hidden: Integer array (batch, patches), the places of the patches.

        Returns:
            NumPy array like `images`.
        """
        side = self.size // self.patch_size
        shown = np.ones((len(images), side * side))
        np.put_along_axis(shown, hidden, 0.0, axis=1)
        shown = shown.reshape(-1, side, side, 1)
        shown = shown.repeat(self.patch_size, axis=1).repeat(self.patch_size, axis=2)
        return images * shown + GREY * (1 - shown)

    def _patches(self, units):
        """Returns the places of the patches of units."""
        patches = tf.gather(tf.constant(self._units), units)
        count = units.shape[1] * self._units.shape[1]
        return tf.reshape(patches, (-1, count))

    def get_config(self):
        view = self.views["images"]
        return {
            **super().get_config(),
            "size": view.size,
            "patch_size": self.patch_size,
            "mask_ratio": self.mask_ratio,
            "unit_size": self.unit_size,
            "crop_scale": view.crop_scale,
            "crop_ratio": view.crop_ratio,
            "flip_rate": view.flip_rate,
            "mean": self.mean,
            "std": self.std,
            "jit_compile": self.jit_compile,
        }


def _patches_of_units(side, patches):
    """Returns the places of the patches of each unit, int32 (units, patches)."""
    places = np.arange((side * patches) ** 2, dtype="int32")
    places = places.reshape(side, patches, side, patches)
    return places.transpose(0, 2, 1, 3).reshape(side * side, -1)
