"""An example beside noise: the pretext task of a variational autoencoder."""

import keras
import tensorflow as tf

from kerassl.checks import check_positive_integers
from kerassl.pictures import image_grid
from kerassl.pretext.base import PretextLayer
from kerassl.pretext.reconstruct import Reconstruct


@keras.saving.register_keras_serializable(package="kerassl")
class ExampleAndNoise(PretextLayer):
    """Asks for the example back, and brings the noise by which its code is sampled.

    Noise that comes with the data is the same on every backend and for every number
    of replicas, and a run that goes on has the noise that it would have had.

    Args:
        noise_dim: Dimensions of the code, 1 or more.
        size: As in `kerassl.pretext.Reconstruct`.
        channels: As there.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        As in `kerassl.pretext.Reconstruct`.

    Output:
        `({"example": x, "noise": ...}, x)`, float32, integers scaled to [0, 1]; the
        noise normal with standard deviation 1, (batch, noise_dim).

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> layer = ExampleAndNoise(16)
        >>> x, y = layer(tf.zeros((4, 8, 8, 1)), seed=tf.constant([0, 1]))
        >>> x["noise"].shape, y.shape
        (TensorShape([4, 16]), TensorShape([4, 8, 8, 1]))

    Reference:
        Kingma and Welling, 2013, section 2.4, https://arxiv.org/abs/1312.6114
    """

    def __init__(
        self,
        noise_dim: int,
        size: int | None = None,
        channels: int | None = None,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        check_positive_integers(noise_dim=noise_dim)
        self._clean = Reconstruct(size, channels)
        self.noise_dim = noise_dim
        self.size = size
        self.channels = channels

    @property
    def encoder_input(self):
        return self._clean.encoder_input

    def check(self, inputs):
        self._clean.check(inputs)

    def call(self, inputs, seed):
        x, _ = self._clean.call(inputs, seed)
        shape = (x.shape[0] or tf.shape(x)[0], self.noise_dim)
        noise = tf.random.stateless_normal(shape, seed, alg="philox")
        return {"example": x, "noise": noise}, x

    def prepare(self, inputs):
        """Returns the examples as floats, images in the size asked for.

        Args:
            inputs: Examples as for a call.

        Returns:
            float32 tensor (batch, height, width, channels) or (batch, dim).
        """
        return self._clean.prepare(inputs)

    def draw(self, inputs, seed):
        """Returns a figure: each example beside its noise.

        Args:
            inputs: Examples as for a call; each becomes a row. Vectors are drawn as
                lines of pixels.
            seed: Integer tensor of shape (2,).
        """
        (x, _) = self(inputs, seed)
        example, noise = x["example"].numpy(), x["noise"].numpy()
        if example.ndim == 2:
            example = example[:, None, :, None]
        columns = [example, (noise[:, None, :, None] + 3) / 6]
        return image_grid(columns, titles=["example", "noise"])

    def get_config(self):
        return {
            **super().get_config(),
            "noise_dim": self.noise_dim,
            "size": self.size,
            "channels": self.channels,
        }
