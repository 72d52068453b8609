"""One random view of each image."""

import keras
import tensorflow as tf

from kerassl.augment.image import (
    check_images,
    check_side,
    check_view_options,
    render_view,
    resize,
    to_unit,
    view_draws,
)
from kerassl.pictures import image_grid
from kerassl.pretext.base import PretextLayer, fold_seed


@keras.saving.register_keras_serializable(package="kerassl")
class RandomView(PretextLayer):
    """Makes one random view of each image: a crop, perhaps flipped.

    For tasks that compare an image with something kept of it, such as the
    cluster that it belongs to, rather than with another view.

    Args:
        size: Side of the square views in pixels, above 0.
        crop_scale: Least and largest share of the area that a crop keeps, in
            (0, 1], or None for the whole image.
        crop_ratio: Least and largest width / height of a crop.
        flip_rate: Share of views flipped left to right.
        jit_compile: Compile the augmentation with XLA, as in `TwoViews`.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        (batch, height, width, channels), 1 or 3 channels, uint8 in [0, 255] or
        float in [0, 1]; for other dtypes see `kerassl.augment.image.values`.

    Output:
        `({"image": views},)`, float32 of shape (batch, size, size, channels)
        in [0, 1].

    Raises:
        ValueError: If an argument is out of its range, or an input is no batch
            of images.

    Example:
        >>> layer = RandomView(24, jit_compile=False)
        >>> (x,) = layer(tf.zeros((4, 28, 28, 1), tf.uint8), seed=tf.constant([0, 1]))
        >>> x["image"].shape
        TensorShape([4, 24, 24, 1])

    Reference:
        Caron et al., 2018, section 3.3, https://arxiv.org/abs/1807.05520
    """

    def __init__(
        self,
        size: int = 224,
        crop_scale: tuple[float, float] | None = (0.08, 1.0),
        crop_ratio: tuple[float, float] = (3 / 4, 4 / 3),
        flip_rate: float = 0.5,
        jit_compile: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        check_side("size", size)
        self.size = size
        self.crop_scale, self.crop_ratio = crop_scale, crop_ratio
        self.flip_rate = flip_rate
        self.jit_compile = jit_compile
        check_view_options(**self._view_options(), color_strength=0.0)
        self.crop_scale = crop_scale and (crop_scale[0], crop_scale[1])
        self.crop_ratio = (crop_ratio[0], crop_ratio[1])
        # XLA computes the views; the random numbers come from outside it.
        self._render = tf.function(self._view, jit_compile=jit_compile)

    def check(self, inputs):
        check_images(inputs)

    def call(self, inputs, seed):
        inputs = to_unit(inputs)
        batch_size = inputs.shape[0] or tf.shape(inputs)[0]
        views = self._render(inputs, view_draws(fold_seed(seed, 1), batch_size))
        shape = (inputs.shape[0], self.size, self.size, inputs.shape[-1])
        return ({"image": tf.ensure_shape(views, shape)},)

    def prepare(self, inputs):
        """Returns the whole images, resized.

        Args:
            inputs: Images as for a call.

        Returns:
            float32 tensor (batch, size, size, channels) in [0, 1].
        """
        return resize(inputs, self.size)

    def draw(self, inputs, seed):
        """Returns a figure: each image with its view beside it.

        Args:
            inputs: Images as for a call; each becomes a row.
            seed: Integer tensor of shape (2,).
        """
        columns = [self.prepare(inputs), self(inputs, seed)[0]["image"]]
        return image_grid([c.numpy() for c in columns], titles=["image", "view"])

    def _view_options(self):
        return {
            "crop_scale": self.crop_scale,
            "crop_ratio": self.crop_ratio,
            "flip_rate": self.flip_rate,
        }

    def _view(self, images, draws):
        return render_view(
            images,
            draws,
            self.size,
            **self._view_options(),
            color_rate=0.0,
            grayscale_rate=0.0,
            blur_rate=0.0,
        )

    def get_config(self):
        return {
            **super().get_config(),
            "size": self.size,
            **self._view_options(),
            "jit_compile": self.jit_compile,
        }
