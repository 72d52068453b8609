"""A few large views of each image and several small ones: multi-crop."""

from collections.abc import Sequence

import keras

from kerassl.augment.image import View, check_scale, check_side
from kerassl.checks import check_integer
from kerassl.pretext.image.base import MOST_VIEWS, ViewLayer, named_views, one_for_each


@keras.saving.register_keras_serializable(package="kerassl")
class MultiCrop(ViewLayer):
    """Makes large views of most of each image, and small ones of parts of it.

    A small view costs little, since an encoder's time goes with its pixels: six of
    96 pixels cost about as much as one of 224. What a method asks of small views is
    that a part of an image should tell what the whole shows.

    The encoder takes both sizes: make it with open sides, as in
    `encoders.resnet((None, None, 3))` or `encoders.plain_cnn((None, None, 1),
    grid=1)`, or give `local_size` the value of `size`, which suits images of few
    pixels: then only the crops differ.

    All views share their options, but for size and scale; a rate may also be a list,
    of one for each global view and a last one for all local views. DINO's are
    `blur_rate=(1.0, 0.1, 0.5)`, `solarize_rate=(0.0, 0.2, 0.0)`. For views that
    differ in more see `Views`.

    Args:
        size: Side of the global views in pixels, above 0.
        local_size: Side of the local views, above 0.
        num_global_views: How many global views there are, above 0.
        num_local_views: How many local views there are, 0 or more.
        crop_scale: Least and largest share of the area that a global view keeps, in
            (0, 1], or None for the whole image. DINO's is the default; SwAV has
            (0.14, 1.0).
        local_crop_scale: The same of a local view. SwAV has (0.05, 0.14).
        crop_ratio: As in `kerassl.augment.image.View`, where the defaults of all
            that follow are too.
        flip_rate: As there, or a list.
        color_rate: As there, or a list.
        color_strength: As there.
        grayscale_rate: As there, or a list.
        blur_rate: As there, or a list.
        solarize_rate: As there, or a list.
        mean: As in `Views`.
        std: As in `Views`.
        jit_compile: As in `Views`.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        As in `Views`.

    Output:
        `({"view1": views, "view2": views, ..., "local1": views, ...},)`, each
        float32 of shape (batch, side, side, channels), in [0, 1] before `mean` and
        `std`.

    Raises:
        ValueError: If an argument is out of its range, or an input is no batch
            of images.

    Example:
        >>> import tensorflow as tf
        >>> layer = MultiCrop(32, 16, num_local_views=2, jit_compile=False)
        >>> (x,) = layer(tf.zeros((4, 40, 40, 3), tf.uint8), seed=tf.constant([0, 1]))
        >>> {name: views.shape[1] for name, views in x.items()}
        {'view1': 32, 'view2': 32, 'local1': 16, 'local2': 16}

    References:
        Caron et al., 2020, section 3.2, https://arxiv.org/abs/2006.09882
        Caron et al., 2021, https://arxiv.org/abs/2104.14294
    """

    def __init__(
        self,
        size: int = View.size,
        local_size: int = 96,
        num_global_views: int = 2,
        num_local_views: int = 6,
        crop_scale: tuple[float, float] | None = (0.4, 1.0),
        local_crop_scale: tuple[float, float] | None = (0.05, 0.4),
        crop_ratio: tuple[float, float] = View.crop_ratio,
        flip_rate: float | Sequence[float] = View.flip_rate,
        color_rate: float | Sequence[float] = View.color_rate,
        color_strength: float = View.color_strength,
        grayscale_rate: float | Sequence[float] = View.grayscale_rate,
        blur_rate: float | Sequence[float] = View.blur_rate,
        solarize_rate: float | Sequence[float] = View.solarize_rate,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        jit_compile: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        check_integer("num_global_views", num_global_views, least=1, most=MOST_VIEWS)
        check_integer("num_local_views", num_local_views, least=0, most=MOST_VIEWS)
        # What a view would tell under the name that it has there.
        check_side("local_size", local_size)
        check_scale("local_crop_scale", local_crop_scale)
        self._options = {
            "size": size,
            "local_size": local_size,
            "num_global_views": num_global_views,
            "num_local_views": num_local_views,
            "crop_scale": crop_scale,
            "local_crop_scale": local_crop_scale,
            "crop_ratio": crop_ratio,
            "color_strength": color_strength,
        }
        rates = {
            "flip_rate": flip_rate,
            "color_rate": color_rate,
            "grayscale_rate": grayscale_rate,
            "blur_rate": blur_rate,
            "solarize_rate": solarize_rate,
        }
        self._options |= rates
        # Made also where there are no local views, so that wrong options are told.
        *views, local = _kinds(self._options, rates)
        self.make_views(
            named_views(views, [local] * num_local_views), mean, std, jit_compile
        )

    def get_config(self):
        return {
            **super().get_config(),
            **self._options,
            "mean": self.mean,
            "std": self.std,
            "jit_compile": self.jit_compile,
        }


def _kinds(options, rates):
    """Returns the `View`s of the global views, then that of the local ones."""
    count = options["num_global_views"] + 1
    each = {name: one_for_each(count, **{name: rate}) for name, rate in rates.items()}
    sides = [options["size"]] * (count - 1) + [options["local_size"]]
    scales = [options["crop_scale"]] * (count - 1) + [options["local_crop_scale"]]
    return [
        View(
            sides[i],
            scales[i],
            options["crop_ratio"],
            color_strength=options["color_strength"],
            **{name: values[i] for name, values in each.items()},
        )
        for i in range(count)
    ]
