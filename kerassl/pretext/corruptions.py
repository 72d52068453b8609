"""Corrupted examples to be restored: the pretext tasks of denoising autoencoders."""

import keras
import tensorflow as tf

from kerassl.checks import check_number
from kerassl.pictures import image_grid
from kerassl.pretext.base import PretextLayer, fold_seed
from kerassl.pretext.reconstruct import Reconstruct


class Corruption(PretextLayer):
    """Gives a corrupted example and the clean one, to be restored.

    A subclass writes `corrupt`.

    Args:
        size: Side in pixels to which images are resized, or None to leave
            them as they are. Only for images.
        channels: 1 to turn images grey, 3 to repeat grey ones, or None to
            leave them as they are. Only for images.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        As in `kerassl.pretext.Reconstruct`.

    Output:
        `(corrupted, clean)`, float32 and of one shape.
    """

    def __init__(self, size=None, channels=None, *, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self._clean = Reconstruct(size, channels)
        self.size = size
        self.channels = channels

    def corrupt(self, x, seed):
        """Returns examples with noise.

        Args:
            x: Float32 tensor (batch, ...), clean.
            seed: Integer tensor of shape (2,).
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `corrupt`.")

    @property
    def encoder_input(self):
        return self._clean.encoder_input

    def check(self, inputs):
        self._clean.check(inputs)

    def call(self, inputs, seed):
        clean, _ = self._clean.call(inputs, seed)
        return self.corrupt(clean, seed), clean

    def prepare(self, inputs):
        """Returns the clean examples as floats, images in the size asked for.

        Args:
            inputs: Examples as for a call.

        Returns:
            float32 tensor (batch, height, width, channels) or (batch, dim).
        """
        return self._clean.prepare(inputs)

    def draw(self, inputs, seed):
        """Returns a figure: each example beside what is made of it.

        Args:
            inputs: Examples as for a call; each becomes a row. Vectors are
                drawn as lines of pixels.
            seed: Integer tensor of shape (2,).
        """
        x, y = (part.numpy() for part in self(inputs, seed))
        columns = [z[:, None, :, None] if z.ndim == 2 else z for z in (y, x)]
        return image_grid(columns, titles=["target", "input"])

    def get_config(self):
        return {**super().get_config(), "size": self.size, "channels": self.channels}


@keras.saving.register_keras_serializable(package="kerassl")
class GaussianNoise(Corruption):
    """Adds Gaussian noise to examples, to be taken away again.

    The noisy values are not clipped: they may leave the range of the clean ones.

    Args:
        stddev: Standard deviation of the noise, in units of the examples, above 0.
        size: As in `kerassl.pretext.Reconstruct`.
        channels: As there.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        As in `kerassl.pretext.Reconstruct`.

    Output:
        `(noisy, clean)`, float32, of integers scaled to [0, 1] before.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> layer = GaussianNoise(0.5)
        >>> x, y = layer(tf.zeros((4, 8, 8, 1)), seed=tf.constant([0, 1]))
        >>> bool(tf.math.reduce_std(x) > 0.4), float(tf.reduce_max(y))
        (True, 0.0)

    Reference:
        Vincent et al., 2010, section 3.3, https://jmlr.org/papers/v11/vincent10a.html
    """

    def __init__(
        self,
        stddev: float = 0.5,
        size: int | None = None,
        channels: int | None = None,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(size, channels, name=name, **kwargs)
        check_number("stddev", stddev, above=0)
        self.stddev = stddev

    def corrupt(self, x, seed):
        noise = tf.random.stateless_normal(tf.shape(x), seed, alg="philox")
        return tf.ensure_shape(x + self.stddev * noise, x.shape)

    def get_config(self):
        return {**super().get_config(), "stddev": self.stddev}


@keras.saving.register_keras_serializable(package="kerassl")
class MaskingNoise(Corruption):
    """Sets some of an example's numbers to zero, to be told from the others.

    Each number by itself with one probability, where the paper zeroes the same count
    in every example.

    Args:
        rate: Share of the numbers that become 0, in (0, 1).
        size: As in `kerassl.pretext.Reconstruct`.
        channels: As there.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        As in `kerassl.pretext.Reconstruct`.

    Output:
        `(masked, clean)`, float32, of integers scaled to [0, 1] before.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> layer = MaskingNoise(0.25)
        >>> x, y = layer(tf.ones((4, 8, 8, 1)), seed=tf.constant([0, 1]))
        >>> bool(tf.reduce_min(x) == 0), float(tf.reduce_min(y))
        (True, 1.0)

    Reference:
        Vincent et al., 2008, https://doi.org/10.1145/1390156.1390294
    """

    def __init__(
        self,
        rate: float = 0.25,
        size: int | None = None,
        channels: int | None = None,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(size, channels, name=name, **kwargs)
        check_number("rate", rate, above=0, below=1)
        self.rate = rate

    def corrupt(self, x, seed):
        return tf.where(_chosen(x, self.rate, seed), 0.0, x)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}


@keras.saving.register_keras_serializable(package="kerassl")
class SaltAndPepperNoise(Corruption):
    """Sets some of an example's numbers to 0 or 1, by the toss of a coin.

    For examples in [0, 1], whose least and largest value these are. Each number is
    chosen by itself.

    Args:
        rate: Share of the numbers that are replaced, in (0, 1).
        size: As in `kerassl.pretext.Reconstruct`.
        channels: As there.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        As in `kerassl.pretext.Reconstruct`.

    Output:
        `(noisy, clean)`, float32, of integers scaled to [0, 1] before.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> layer = SaltAndPepperNoise(0.25)
        >>> x, y = layer(tf.fill((4, 8, 8, 1), 0.5), seed=tf.constant([0, 1]))
        >>> sorted({float(value) for value in tf.reshape(x, -1)})
        [0.0, 0.5, 1.0]

    Reference:
        Vincent et al., 2010, section 3.3, https://jmlr.org/papers/v11/vincent10a.html
    """

    def __init__(
        self,
        rate: float = 0.25,
        size: int | None = None,
        channels: int | None = None,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(size, channels, name=name, **kwargs)
        check_number("rate", rate, above=0, below=1)
        self.rate = rate

    def corrupt(self, x, seed):
        coin = tf.cast(_chosen(x, 0.5, fold_seed(seed, 1)), x.dtype)
        return tf.where(_chosen(x, self.rate, seed), coin, x)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}


def _chosen(x, rate, seed):
    """Returns which of the numbers of examples a share chooses."""
    numbers = tf.random.stateless_uniform(tf.shape(x), seed, alg="philox")
    return tf.ensure_shape(numbers < rate, x.shape)
