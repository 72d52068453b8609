"""The variational autoencoder: a code that is a distribution, and can be drawn from."""

import math

import keras
import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.checks import check_integer, check_number
from kerassl.encoders.mirror import mirror
from kerassl.errors import InvalidValue
from kerassl.losses.reconstruction import binary_cross_entropy
from kerassl.losses.variational import gaussian_divergence
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import keep_untracked

# Beyond it a code is all noise or none, and a gradient leaves the range of float32.
MOST_LOG_VARIANCE = 10.0


@keras.saving.register_keras_serializable(package="kerassl")
class VAE(PretextModel):
    """Trains a variational autoencoder of examples in [0, 1].

    The encoder gives the mean of a Gaussian code for each example, and a head beside
    its last layer the logarithm of the variance. A code drawn from it is to restore
    the example, while the code's divergence from the standard Gaussian costs. So
    codes can be drawn from that Gaussian, and become examples. The features are the
    mean.

    The loss is in nats an example: binary cross-entropy *summed* over the example's
    numbers, plus `beta` times the divergence. With `beta` 1 and examples of zeros and
    ones it is minus the evidence lower bound, a bound on the log-likelihood; of grey
    ones it is no likelihood, though it is often reported as one.

    Args:
        encoder: A functional `keras.Model` from examples to a vector that ends in a
            dense layer without an activation, such as
            `kerassl.encoders.dense(..., linear_features=True)`.
        pretext: A `kerassl.pretext.ExampleAndNoise` with as many dimensions, or any
            pretext layer with the same outputs.
        decoder: A `keras.Model` from the encoder's output to logits of the example's
            shape, without a last activation. None makes the encoder's mirror image.
        beta: Weight of the divergence, above 0. More than 1 is beta-VAE.
        free_bits: Nats that each dimension of the code costs at least, 0 or more, as a
            mean over the batch. Above 0 it keeps dimensions from being given up.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        variance_head: The dense layer that gives the logarithm of the variance.

    Input:
        Dict of `"example"`, as the encoder takes it, in [0, 1], and `"noise"`, float
        (batch, dim).

    Output:
        Dict of `"logits"`, of the example's shape, `"mean"` and `"log_variance"`,
        (batch, dim).

    Logs:
        loss: Cross-entropy plus the weighted divergence, nats an example.
        cross_entropy: Of the restored example, summed over its numbers, in nats.
        divergence: Of the code, in nats. 0 is a code that tells nothing.
        bits_per_number: Cross-entropy plus divergence, in bits for each of the
            example's numbers.
        pixel_means: Cross-entropy of guessing each number's mean over the batch, in
            nats an example. A code that is worth anything has a lower loss.

    Raises:
        ValueError: If a number is out of its range, the encoder does not end in a
            dense layer without an activation, the decoder does not fit it, or the
            pretext layer draws another number of dimensions.

    Example:
        >>> from kerassl.data import digits
        >>> from kerassl.encoders import dense
        >>> from kerassl.pretext import ExampleAndNoise
        >>> encoder = dense((8, 8, 1), (32, 4), linear_features=True)
        >>> task = VAE(encoder, ExampleAndNoise(4))
        >>> task.compile("adam")
        >>> history = task.fit(task.dataset(digits(), batch_size=64), verbose=0)
        >>> task.sample(count=3).shape
        (3, 8, 8, 1)

    References:
        Kingma and Welling, 2013, https://arxiv.org/abs/1312.6114
        Higgins et al., 2017, beta, https://openreview.net/forum?id=Sy2fzU9gl
        Kingma et al., 2016, appendix C.8, free bits, https://arxiv.org/abs/1606.04934
    """

    tracked = ("cross_entropy", "divergence", "bits_per_number", "pixel_means")
    baselines = {"pixel_means": "each number's mean over the batch"}
    generates = "examples"
    default_measures = ("classification", "pretext")

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        decoder=None,
        beta: float = 1.0,
        free_bits: float = 0.0,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_number("beta", beta, above=0)
        check_number("free_bits", free_bits, least=0)
        last = _last_layer(encoder)
        drawn = getattr(pretext, "noise_dim", last.units)
        if drawn != last.units:
            raise InvalidValue(
                "`pretext` must draw as much noise as the encoder has features, "
                f"{last.units}. Received: noise_dim={drawn}"
            )
        self.beta = beta
        self.free_bits = free_bits
        self.decoder = mirror(encoder) if decoder is None else decoder
        if self.decoder.input_shape != encoder.output_shape:
            raise InvalidValue(
                "`decoder` must take what the encoder gives, "
                f"{encoder.output_shape}. Received: {self.decoder.input_shape}"
            )
        # From zeros, so that a training begins at the variance of the standard code.
        self.variance_head = keras.layers.Dense(
            last.units,
            kernel_initializer="zeros",
            dtype=last.dtype_policy,
            name="variance_head",
        )
        outputs = [encoder.output, self.variance_head(last.input)]
        keep_untracked(self, _posterior=keras.Model(encoder.input, outputs))
        self.built = True

    def propagate(self, x, training):
        mean, log_variance = self._posterior(x["example"], training=training)
        mean, log_variance = (ops.cast(z, "float32") for z in (mean, log_variance))
        log_variance = ops.clip(log_variance, -MOST_LOG_VARIANCE, MOST_LOG_VARIANCE)
        code = mean + ops.exp(0.5 * log_variance) * x["noise"]
        logits = self.decoder(code, training=training)
        return {"logits": logits, "mean": mean, "log_variance": log_variance}

    def objective(self, x, y, outputs, training):
        divergence = self._divergence(outputs)
        if self.free_bits:
            # Of the whole batch, so that a dimension may cost more for some examples.
            mean = ops.mean(distribute.all_gather(divergence), axis=0)
            cost = ops.sum(ops.maximum(mean, self.free_bits))
        else:
            cost = ops.sum(divergence, axis=-1)
        return {
            "reconstruction": _cross_entropy(y, outputs["logits"]),
            "divergence": self.beta * cost,
        }

    def measures(self, x, y, outputs):
        cross_entropy = _cross_entropy(y, outputs["logits"])
        divergence = ops.sum(self._divergence(outputs), axis=-1)
        bits = (cross_entropy + divergence) / (math.log(2) * _size(y))
        return {
            "cross_entropy": cross_entropy,
            "divergence": divergence,
            "bits_per_number": bits,
            "pixel_means": _entropy_of_means(y),
        }

    def sample(self, count: int = 12, seed: int = 0):
        """Returns examples that the decoder makes of codes from the standard Gaussian.

        Args:
            count: How many, 1 or more.
            seed: Integer, by which the codes are drawn.

        Returns:
            Float32 NumPy array (count, ...) in [0, 1].
        """
        check_integer("count", count, least=1)
        distribute.read_state(self)
        shape = (count, self.decoder.input_shape[-1])
        codes = np.random.default_rng(seed).standard_normal(shape).astype("float32")
        return self._decoded(codes)

    def restore(self, x):
        """Returns what the decoder makes of the means of examples' codes.

        Args:
            x: Prepared examples, float array (batch, ...).

        Returns:
            Float32 NumPy array of the same shape, in [0, 1].
        """
        distribute.read_state(self)
        return self._decoded(self.encoder.predict(x, batch_size=256, verbose=0))

    def draw(self, inputs):
        """Returns a figure: originals, what is restored of them, and new examples.

        Args:
            inputs: Raw images or vectors, one a column.

        Returns:
            `matplotlib.figure.Figure`.
        """
        from kerassl.pictures import image_rows

        x = self.pretext.prepare(inputs).numpy()
        rows = [x, self.restore(x), self.sample(len(x))]
        return image_rows(rows, titles=["original", "restored", "drawn"])

    def get_config(self):
        return {
            **super().get_config(),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "beta": self.beta,
            "free_bits": self.free_bits,
        }

    def _divergence(self, outputs):
        return gaussian_divergence(outputs["mean"], outputs["log_variance"])

    def _decoded(self, codes):
        logits = self.decoder.predict(codes, batch_size=256, verbose=0)
        return ops.convert_to_numpy(ops.sigmoid(ops.cast(logits, "float32")))


def _last_layer(encoder):
    """Returns the dense layer that gives the means."""
    last = encoder.layers[-1]
    linear = getattr(last, "activation", None) is keras.activations.linear
    if not isinstance(last, keras.layers.Dense) or not linear:
        raise InvalidValue(
            "`encoder` must end in a keras.layers.Dense without an activation, which "
            f"gives the means. Received: {encoder.name!r}, which ends in "
            f"{last.name!r}, a {type(last).__name__}"
        )
    return last


def _size(y):
    return math.prod(y.shape[1:])


def _cross_entropy(y, logits):
    """Returns each example's cross-entropy, summed over its numbers, in nats."""
    return _size(y) * binary_cross_entropy(y, logits)


def _entropy_of_means(y):
    """Returns the cross-entropy of guessing each number's mean, nats an example."""
    mean = ops.mean(distribute.all_gather(ops.cast(y, "float32")), axis=0)
    mean = ops.clip(mean, 1e-7, 1 - 1e-7)
    return -ops.sum(mean * ops.log(mean) + (1 - mean) * ops.log1p(-mean))
