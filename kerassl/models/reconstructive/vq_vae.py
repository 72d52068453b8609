"""VQ-VAE: an autoencoder whose code is a grid of words from a small book."""

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_number
from kerassl.layers.vector_quantizer import VectorQuantizer
from kerassl.models.reconstructive.restoring import Restoring


@keras.saving.register_keras_serializable(package="kerassl")
class VQVAE(Restoring):
    """Trains an autoencoder whose features are replaced by the nearest of some codes.

    The codes follow the features by moving averages; the encoder is drawn to the codes
    by the commitment term. After training, `tokens` gives the codes' numbers: a
    tokenizer of images.

    Args:
        encoder: A `keras.Model` from examples to a feature map (batch, height, width,
            dim), or to vectors (batch, dim).
        pretext: A pretext layer that gives `(x, target)`, such as
            `kerassl.pretext.Reconstruct`.
        decoder: As in `Autoencoder`.
        criterion: As in `Autoencoder`.
        num_codes: Codes in the book, the paper's K.
        commitment_weight: Weight of the commitment, the paper's beta, 0 or more.
        decay: Share of a code that a step keeps, in [0, 1).
        restart: Vectors of a batch below which a code begins anew, as in
            `kerassl.layers.VectorQuantizer`; 0 is the paper's, never.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Input:
        As in `Autoencoder`.

    Output:
        Dict of `"restored"`, as what `Autoencoder` gives, `"features"`, the `"codes"`
        nearest to them, and the `"numbers"` of these, integers.

    Logs:
        loss: The criterion plus the weighted commitment.
        squared_error: Mean squared error of the reconstruction.
        commitment: Mean squared distance of the features from their codes.
        perplexity: How many codes a batch uses, the exponential of their entropy:
            from 1, the book has collapsed, to `num_codes`.

    Raises:
        ValueError: If a number is out of its range, and as `Autoencoder`.

    Example:
        >>> from kerassl.data import digits
        >>> from kerassl.encoders import conv
        >>> from kerassl.pretext import Reconstruct
        >>> encoder = conv((8, 8, 1), (16,), feature_dim=4, grid=True)
        >>> task = VQVAE(encoder, Reconstruct(), num_codes=32)
        >>> task.compile("adam")
        >>> data = task.dataset(digits(), batch_size=64)
        >>> history = task.fit(data, steps_per_epoch=1, verbose=0)
        >>> x = task.pretext.prepare(digits("test").fetch([0, 1]))
        >>> task.tokens(x).shape
        (2, 4, 4)

    References:
        van den Oord et al., 2017, https://arxiv.org/abs/1711.00937
        Bao et al., 2021, codes of images as words, https://arxiv.org/abs/2106.08254
    """

    tracked = ("squared_error", "commitment", "perplexity")

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        decoder=None,
        criterion: str = "binary_crossentropy",
        num_codes: int = 512,
        commitment_weight: float = 0.25,
        decay: float = 0.99,
        restart: float = 1.0,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(
            encoder, pretext, decoder=decoder, criterion=criterion, name=name, **kwargs
        )
        check_number("commitment_weight", commitment_weight, least=0)
        self.num_codes = num_codes
        self.commitment_weight = commitment_weight
        self.decay = decay
        self.restart = restart
        self.quantizer = VectorQuantizer(num_codes, decay, restart, name="quantizer")
        self.quantizer.build(encoder.output_shape)

    def propagate(self, x, training):
        features = ops.cast(self.encoder(x, training=training), "float32")
        codes, numbers = self.quantizer(features)
        if training:
            self.quantizer.follow(features, numbers)
        restored = self.decoder(codes, training=training)
        return {
            "restored": restored,
            "features": features,
            "codes": ops.stop_gradient(codes),
            "numbers": numbers,
        }

    def restored(self, outputs):
        return outputs["restored"]

    def decodable(self, features):
        return ops.convert_to_numpy(self.quantizer(features)[0])

    def objective(self, x, y, outputs, training):
        return {
            "reconstruction": self.criterion_of(y, outputs),
            "commitment": self.commitment_weight * _distance(outputs),
        }

    def measures(self, x, y, outputs):
        numbers = ops.cast(ops.reshape(outputs["numbers"], (-1,)), "int32")
        counts = ops.sum(ops.one_hot(numbers, self.num_codes), axis=0)
        counts = distribute.all_sum(counts)
        shares = counts / ops.sum(counts)
        entropy = -ops.sum(shares * ops.log(ops.maximum(shares, 1e-37)))
        return {
            **super().measures(x, y, outputs),
            "commitment": _distance(outputs),
            "perplexity": ops.exp(entropy),
        }

    def tokens(self, x, batch_size=256):
        """Returns the numbers of the codes of examples.

        Args:
            x: Prepared examples, float array (batch, ...).
            batch_size: Examples at a time.

        Returns:
            Integer NumPy array (batch, height, width), or (batch,) of vectors.
        """
        distribute.read_state(self)
        features = self.encoder.predict(x, batch_size=batch_size, verbose=0)
        numbers = self.quantizer.nearest(ops.cast(features, "float32"))
        return ops.convert_to_numpy(numbers)

    def get_config(self):
        return {
            **super().get_config(),
            "num_codes": self.num_codes,
            "commitment_weight": self.commitment_weight,
            "decay": self.decay,
            "restart": self.restart,
        }


def _distance(outputs):
    """Returns each example's mean squared distance of its features from the codes."""
    error = ops.square(outputs["features"] - outputs["codes"])
    return ops.mean(ops.reshape(error, (ops.shape(error)[0], -1)), axis=1)
