"""Two random views of each image: the pretext task of contrastive learning."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from kerassl.augment.image import (
    as_tensor,
    check_images,
    check_side,
    check_view_options,
    render_view,
    resize,
    to_unit,
    view_draws,
)
from kerassl.checks import check_number
from kerassl.errors import InvalidType, InvalidValue
from kerassl.pictures import image_grid
from kerassl.pretext.base import PretextLayer, fold_seed


@keras.saving.register_keras_serializable(package="kerassl")
class TwoViews(PretextLayer):
    """Makes two independent random views of each image of a batch.

    The defaults are SimCLR's for ImageNet. For images of 32 pixels the paper
    halves `color_strength` and leaves out the blur. The rates that take a pair
    give view 1 and view 2 their own, as BYOL and its followers do.

    Args:
        size: Side of the square views in pixels, above 0.
        crop_scale: Least and largest share of the area that a crop keeps, in
            (0, 1], or None for the whole image.
        crop_ratio: Least and largest width / height of a crop.
        flip_rate: Share of views flipped left to right.
        color_rate: Share of views whose colours are jittered.
        color_strength: Strength of the jitter: brightness, contrast and
            saturation change by factors within 1 +- 0.8 strength, hue by
            +- 0.2 strength of a full turn.
        grayscale_rate: Share of views turned to greyscale.
        blur_rate: Share of views blurred, or a pair.
        solarize_rate: Share of views solarised, or a pair.
        mean: Mean of each channel to subtract, in [0, 1], or None.
        std: Standard deviation of each channel to divide by, or None.
        jit_compile: Compile the augmentation with XLA. It is then 1.6 to 2 times
            as fast on a CPU, after about a second of compilation for each new
            shape of batch.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        (batch, height, width, channels), 1 or 3 channels, uint8 in [0, 255] or
        float in [0, 1]; for other dtypes see `kerassl.augment.image.values`.
        One channel has no saturation, hue or greyscale.

    Output:
        `({"view1": views, "view2": views},)`, each float32 of shape (batch,
        size, size, channels), in [0, 1] before `mean` and `std`.

    Raises:
        ValueError: If an argument is out of its range, or an input is no batch
            of images.

    Example:
        >>> layer = TwoViews(32, color_strength=0.5, blur_rate=0.0)
        >>> (x,) = layer(tf.zeros((4, 40, 40, 3), tf.uint8), seed=tf.constant([0, 1]))
        >>> x["view1"].shape
        TensorShape([4, 32, 32, 3])

    Reference:
        Chen et al., 2020, appendix A, https://arxiv.org/abs/2002.05709
    """

    def __init__(
        self,
        size: int = 224,
        crop_scale: tuple[float, float] | None = (0.08, 1.0),
        crop_ratio: tuple[float, float] = (3 / 4, 4 / 3),
        flip_rate: float = 0.5,
        color_rate: float = 0.8,
        color_strength: float = 1.0,
        grayscale_rate: float = 0.2,
        blur_rate: float | tuple[float, float] = 0.5,
        solarize_rate: float | tuple[float, float] = 0.0,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        jit_compile: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        check_side("size", size)
        _check_channels("mean", mean)
        _check_channels("std", std, above=0)
        self.size = size
        self.crop_scale, self.crop_ratio = crop_scale, crop_ratio
        self.flip_rate = flip_rate
        self.color_rate = color_rate
        self.color_strength = color_strength
        self.grayscale_rate = grayscale_rate
        self.blur_rate = _number_or_pair(blur_rate)
        self.solarize_rate = _number_or_pair(solarize_rate)
        self.mean = None if mean is None else tuple(mean)
        self.std = None if std is None else tuple(std)
        self.jit_compile = jit_compile
        _check_lengths(blur_rate=blur_rate, solarize_rate=solarize_rate)
        for view in (0, 1):
            check_view_options(**self._view_options(view))
        self.crop_scale = crop_scale and (crop_scale[0], crop_scale[1])
        self.crop_ratio = (crop_ratio[0], crop_ratio[1])
        # XLA computes the views; the random numbers come from outside it.
        self._render = tf.function(self._both_views, jit_compile=jit_compile)

    def check(self, inputs):
        check_images(inputs)
        channels = as_tensor(inputs).shape[-1]
        for name in ("mean", "std"):
            values = getattr(self, name)
            if values is not None and len(values) not in (1, channels):
                raise InvalidValue(
                    f"`{name}` must hold one number, or one for each of the "
                    f"{channels} channels of the images. Received: {values}"
                )

    def call(self, inputs, seed):
        inputs = to_unit(inputs)
        batch_size = inputs.shape[0] or tf.shape(inputs)[0]
        view1, view2 = self._render(
            inputs,
            view_draws(fold_seed(seed, 1), batch_size),
            view_draws(fold_seed(seed, 2), batch_size),
        )
        shape = (inputs.shape[0], self.size, self.size, inputs.shape[-1])
        return (
            {
                "view1": tf.ensure_shape(view1, shape),
                "view2": tf.ensure_shape(view2, shape),
            },
        )

    def prepare(self, inputs):
        """Returns the whole images, resized and scaled as the views are.

        Args:
            inputs: Images as for a call.

        Returns:
            float32 tensor (batch, size, size, channels).
        """
        return self._normalize(resize(inputs, self.size))

    def draw(self, inputs, seed):
        """Returns a figure: each image with its two views beside it.

        Args:
            inputs: Images as for a call; each becomes a row.
            seed: Integer tensor of shape (2,).
        """
        views = self(inputs, seed)[0]
        columns = [self.prepare(inputs), views["view1"], views["view2"]]
        return image_grid(
            [self._denormalize(column).numpy() for column in columns],
            titles=["image", "view 1", "view 2"],
        )

    def _view_options(self, view):
        return {
            "crop_scale": self.crop_scale,
            "crop_ratio": self.crop_ratio,
            "flip_rate": self.flip_rate,
            "color_rate": self.color_rate,
            "color_strength": self.color_strength,
            "grayscale_rate": self.grayscale_rate,
            "blur_rate": _of_view(self.blur_rate, view),
            "solarize_rate": _of_view(self.solarize_rate, view),
        }

    def _both_views(self, images, *draws):
        return [
            self._normalize(
                render_view(images, draws[view], self.size, **self._view_options(view))
            )
            for view in (0, 1)
        ]

    def _normalize(self, images):
        images = images if self.mean is None else images - tf.constant(self.mean)
        return images if self.std is None else images / tf.constant(self.std)

    def _denormalize(self, images):
        images = images if self.std is None else images * tf.constant(self.std)
        return images if self.mean is None else images + tf.constant(self.mean)

    def get_config(self):
        return {
            **super().get_config(),
            "size": self.size,
            **{name: getattr(self, name) for name in self._view_options(0)},
            "mean": self.mean,
            "std": self.std,
            "jit_compile": self.jit_compile,
        }


def _check_channels(name, values, above=None):
    """Raises unless `values` is None or one number for each channel."""
    if values is None:
        return
    if isinstance(values, str) or not isinstance(values, Sequence) or not values:
        raise InvalidType(
            f"`{name}` must be a list of numbers, one for each channel, or None. "
            f"Received: {name}={values!r}"
        )
    for value in values:
        check_number(name, value, above=above)


def _check_lengths(**rates):
    for name, rate in rates.items():
        if isinstance(rate, Sequence) and len(rate) != 2:
            raise InvalidValue(
                f"`{name}` must be a number, or a pair of one for each view. "
                f"Received: {name}={rate!r}"
            )


def _number_or_pair(rate):
    return tuple(rate) if isinstance(rate, Sequence) else rate


def _of_view(rate, view):
    return rate[view] if isinstance(rate, tuple) else rate
