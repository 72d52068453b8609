"""Two random views of each image: the pretext task of contrastive learning."""

import dataclasses
from collections.abc import Sequence

import keras

from kerassl.augment.image import View
from kerassl.pretext.image.base import ViewLayer, named_views, one_for_each


@keras.saving.register_keras_serializable(package="kerassl")
class TwoViews(ViewLayer):
    """Makes two independent random views of each image of a batch.

    The two share all options, but that a rate may be a pair, which gives view 1 and
    view 2 their own, as BYOL and its followers do. For more, or more different ones,
    see `Views`.

    Args:
        size: As in `kerassl.augment.image.View`, where the defaults are too.
        crop_scale: As there.
        crop_ratio: As there.
        flip_rate: As there.
        color_rate: As there.
        color_strength: As there.
        grayscale_rate: As there.
        blur_rate: As there, or a pair.
        solarize_rate: As there, or a pair.
        mean: As in `Views`.
        std: As in `Views`.
        jit_compile: As in `Views`.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        As in `Views`.

    Output:
        `({"view1": views, "view2": views},)`, each float32 of shape (batch,
        size, size, channels), in [0, 1] before `mean` and `std`.

    Raises:
        ValueError: If an argument is out of its range, or an input is no batch
            of images.

    Example:
        >>> import tensorflow as tf
        >>> layer = TwoViews(32, color_strength=0.5, blur_rate=0.0)
        >>> (x,) = layer(tf.zeros((4, 40, 40, 3), tf.uint8), seed=tf.constant([0, 1]))
        >>> x["view1"].shape
        TensorShape([4, 32, 32, 3])

    Reference:
        Chen et al., 2020, appendix A, https://arxiv.org/abs/2002.05709
    """

    def __init__(
        self,
        size: int = View.size,
        crop_scale: tuple[float, float] | None = View.crop_scale,
        crop_ratio: tuple[float, float] = View.crop_ratio,
        flip_rate: float = View.flip_rate,
        color_rate: float = View.color_rate,
        color_strength: float = View.color_strength,
        grayscale_rate: float = View.grayscale_rate,
        blur_rate: float | tuple[float, float] = View.blur_rate,
        solarize_rate: float | tuple[float, float] = View.solarize_rate,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        jit_compile: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        blur = one_for_each(2, blur_rate=blur_rate)
        solarize = one_for_each(2, solarize_rate=solarize_rate)
        views = [
            View(
                size,
                crop_scale,
                crop_ratio,
                flip_rate,
                color_rate,
                color_strength,
                grayscale_rate,
                blur_rate=blur[i],
                solarize_rate=solarize[i],
            )
            for i in (0, 1)
        ]
        self.make_views(named_views(views), mean, std, jit_compile)

    def get_config(self):
        first, second = (dataclasses.asdict(view) for view in self.views.values())
        return {
            **super().get_config(),
            **{
                name: value if value == second[name] else (value, second[name])
                for name, value in first.items()
            },
            "mean": self.mean,
            "std": self.std,
            "jit_compile": self.jit_compile,
        }
