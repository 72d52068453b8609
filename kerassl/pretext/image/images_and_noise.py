"""Images beside noise: the pretext task of adversarial learning."""

import keras
import tensorflow as tf

from kerassl.augment.image import as_tensor
from kerassl.checks import check_positive_integers
from kerassl.errors import InvalidValue
from kerassl.pictures import image_grid
from kerassl.pretext.base import PretextLayer, fold_seed
from kerassl.pretext.encoder_input import EncoderInput
from kerassl.pretext.reconstruct import Reconstruct

NOISES = ("uniform", "normal")


@keras.saving.register_keras_serializable(package="kerassl")
class ImagesAndNoise(PretextLayer):
    """Puts the noise that becomes samples beside the images to tell them from.

    Each player gets noise of its own, as in the algorithms of GAN and WGAN-GP:
    the generator is not trained on the samples that the discriminator has just
    learnt to tell.

    Args:
        size: Side in pixels to which images are resized, or None to leave
            them as they are.
        channels: 1 to turn images grey, 3 to repeat grey ones, or None to
            leave them as they are.
        noise_dim: Dimensions of the noise, 1 or more.
        noise: Its distribution: `"uniform"` in [-1, 1], as DCGAN has it, or
            `"normal"`, of standard deviation 1, as WGAN-GP has it.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        (batch, height, width, channels), uint8 in [0, 255] or float in [0, 1]; for
        other dtypes see `kerassl.augment.image.values`.

    Output:
        `({"images": ..., "discriminator_noise": ..., "generator_noise": ...,
        "epsilon": ...},)`: images float32 in [-1, 1], noise float32 (batch,
        noise_dim), and where between an image and a sample a gradient penalty
        is taken, float32 (batch, 1, 1, 1) in [0, 1).

    Raises:
        ValueError: If an argument is out of its range, or an input is no batch
            of images.

    Example:
        >>> layer = ImagesAndNoise(noise_dim=16)
        >>> (x,) = layer(tf.zeros((4, 28, 28, 1), tf.uint8), seed=tf.constant([0, 1]))
        >>> x["images"].shape, x["generator_noise"].shape
        (TensorShape([4, 28, 28, 1]), TensorShape([4, 16]))

    Reference:
        Radford et al., 2015, https://arxiv.org/abs/1511.06434
    """

    def __init__(
        self,
        size: int | None = None,
        channels: int | None = None,
        noise_dim: int = 100,
        noise: str = "uniform",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        check_positive_integers(noise_dim=noise_dim)
        if noise not in NOISES:
            raise InvalidValue(f"`noise` must be one of {NOISES}. Received: {noise!r}")
        self.size = size
        self.channels = channels
        self.noise_dim = noise_dim
        self.noise = noise
        self._images = Reconstruct(size, channels)

    @property
    def encoder_input(self):
        made = "uint8 divided by 127.5, less 1"
        return EncoderInput("images", made, -1.0, 1.0)

    def check(self, inputs):
        shape = as_tensor(inputs).shape
        if shape.rank != 4:
            raise InvalidValue(
                "`inputs` must be images (batch, height, width, channels). "
                f"Received shape: {tuple(shape)}"
            )
        self._images.check(inputs)

    def call(self, inputs, seed):
        images = self._scaled(inputs)
        count = images.shape[0] or tf.shape(images)[0]
        epsilon = tf.random.stateless_uniform((count, 1, 1, 1), fold_seed(seed, 2))
        return (
            {
                "images": images,
                "discriminator_noise": self.draw_noise(count, fold_seed(seed, 0)),
                "generator_noise": self.draw_noise(count, fold_seed(seed, 1)),
                "epsilon": epsilon,
            },
        )

    def draw_noise(self, count, seed):
        """Returns noise for samples, a function of the seed alone.

        Args:
            count: Number of samples.
            seed: Integer tensor of shape (2,).

        Returns:
            float32 tensor (count, noise_dim).
        """
        shape = (count, self.noise_dim)
        if self.noise == "normal":
            return tf.random.stateless_normal(shape, seed)
        return tf.random.stateless_uniform(shape, seed, minval=-1.0, maxval=1.0)

    def prepare(self, inputs):
        """Returns images as the discriminator takes them.

        Args:
            inputs: Images as for a call.

        Returns:
            float32 tensor (batch, height, width, channels) in [-1, 1].
        """
        self.check(inputs)
        return self._scaled(inputs)

    def _scaled(self, inputs):
        return 2.0 * self._images.call(inputs, None)[0] - 1.0

    def draw(self, inputs, seed):
        """Returns a figure: each image with the noise beside it.

        Args:
            inputs: Images as for a call; each becomes a row.
            seed: Integer tensor of shape (2,).
        """
        x = self(inputs, seed)[0]
        noise = x["discriminator_noise"]
        # The numbers as the rows of a square, as far as they fill it.
        side = -(-self.noise_dim // int(self.noise_dim**0.5))
        lines = tf.pad(noise, [[0, 0], [0, -self.noise_dim % side]])
        squares = tf.reshape(lines, (len(lines), -1, side, 1))
        columns = [(values.numpy() + 1.0) / 2.0 for values in (x["images"], squares)]
        return image_grid(columns, titles=["image", "noise"])

    def get_config(self):
        return {
            **super().get_config(),
            "size": self.size,
            "channels": self.channels,
            "noise_dim": self.noise_dim,
            "noise": self.noise,
        }
