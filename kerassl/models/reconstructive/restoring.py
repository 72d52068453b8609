"""What autoencoders have in common: an encoder, a decoder, restored examples."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kerassl import distribute
from kerassl.augment.image import SLACK, as_tensor, check_between
from kerassl.checks import check_integer
from kerassl.encoders.mirror import mirror
from kerassl.errors import InvalidValue
from kerassl.losses.reconstruction import binary_cross_entropy, mean_squared_error
from kerassl.models.base import PretextModel

CRITERIA = {
    "binary_crossentropy": binary_cross_entropy,
    "mean_squared_error": mean_squared_error,
}

# What `pretext_dataset` says of its batches.
FACTS = {"steps_per_epoch", "source", "seed", "in_order"}


class Restoring(PretextModel):
    """An encoder with a decoder that restores examples from its features.

    A subclass writes `objective`, of which `criterion_of` is a term, and `restored`
    where `propagate` gives more than the decoder's output.

    Args:
        encoder: A `keras.Model` from examples to features.
        pretext: A pretext layer that gives `(x, target)`.
        decoder: A `keras.Model` from the encoder's output to the target's shape,
            without a last activation, or None for the encoder's mirror image.
        criterion: A key of `CRITERIA`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Raises:
        ValueError: If `criterion` is unknown, the decoder does not fit the
            encoder, or the encoder has no mirror image.
    """

    tracked: tuple[str, ...] = ("squared_error",)
    generates = "examples between two others"
    default_measures = ("classification", "reconstruction")

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        decoder=None,
        criterion: str = "binary_crossentropy",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        if criterion not in tuple(CRITERIA):  # a list is no key
            raise InvalidValue(
                f"`criterion` must be one of {tuple(CRITERIA)}. Received: {criterion!r}"
            )
        self.criterion = criterion
        self.decoder = mirror(encoder) if decoder is None else decoder
        if self.decoder.input_shape != encoder.output_shape:
            raise InvalidValue(
                "`decoder` must take what the encoder gives, "
                f"{encoder.output_shape}. Received: {self.decoder.input_shape}"
            )
        self.built = True

    def dataset(self, examples, batch_size, seed=0, start=0):
        """Returns the training batches, as `PretextModel.dataset` does.

        Under `"binary_crossentropy"` targets outside [0, 1] are refused: of those
        in memory all are looked at now, the others as they come.
        """
        batches = super().dataset(examples, batch_size, seed, start)
        if self.criterion != "binary_crossentropy":
            return batches
        for some in batches.source.at_hand():
            _check_targets(*self.pretext(some, seed=tf.constant([0, 0], tf.int64)))
        watched = batches.map(_check_targets)
        for name in FACTS & vars(batches).keys():
            setattr(watched, name, getattr(batches, name))
        return watched

    def fit(self, x=None, y=None, *args, **kwargs):
        """Trains as `keras.Model.fit` does; targets in an array are looked at."""
        targets = hasattr(y, "__array__") and np.ndim(y) == np.ndim(x)  # no labels
        if self.criterion == "binary_crossentropy" and targets:
            _check_targets(x, as_tensor(np.asarray(y)))
        return super().fit(x, y, *args, **kwargs)

    def propagate(self, x, training):
        return self.decoder(self.encoder(x, training=training), training=training)

    def restored(self, outputs):
        """Returns the decoder's output among those of `propagate`."""
        return outputs

    def decodable(self, features):
        """Returns features as the decoder takes them, a NumPy array."""
        return features

    def criterion_of(self, y, outputs):
        """Returns the criterion of each example, mean over the target's numbers."""
        return CRITERIA[self.criterion](y, self.restored(outputs))

    def measures(self, x, y, outputs):
        values = self._values(self.restored(outputs))
        return {"squared_error": mean_squared_error(y, values)}

    def reconstruct(self, x, batch_size=256):
        """Returns what the decoder restores of examples.

        Args:
            x: Prepared examples (see `PretextLayer.prepare`), float array
                (batch, ...).
            batch_size: Examples at a time.

        Returns:
            Float32 NumPy array of the target's shape, in [0, 1] under
            `"binary_crossentropy"`.
        """
        # Keras's own, since these are prepared and not to be prepared again.
        outputs = keras.Model.predict(self, x, batch_size=batch_size, verbose=0)
        outputs = self.restored(outputs)
        return ops.convert_to_numpy(self._values(ops.cast(outputs, "float32")))

    def sample(self, examples, count: int = 12, seed: int = 0):
        """Returns what the decoder makes between the features of two examples.

        The features go from one example's to the other's in equal steps. (An
        autoencoder has no distribution of features to draw from, so it makes nothing
        out of noise.)

        Args:
            examples: A `kerassl.data.Source` of raw examples, two or more.
            count: How many to give, 2 or more; the first and the last are the
                restored examples.
            seed: Integer, by which two are drawn where there are more.

        Returns:
            Float32 NumPy array (count, ...) of the target's shape.

        Raises:
            ValueError: If `count` is below 2, or there are fewer than two examples.
        """
        check_integer("count", count, least=2)
        if len(examples) < 2:
            raise InvalidValue(
                f"`data` must hold two examples or more. Received: {len(examples)}"
            )
        two = np.array([0, 1])
        if len(examples) > 2:
            two = np.random.default_rng(seed).choice(len(examples), 2, replace=False)
        x = self.pretext.prepare(examples.fetch(two))
        distribute.read_state(self)
        first, last = ops.convert_to_numpy(
            ops.cast(self.encoder(np.asarray(x), training=False), "float32")
        )
        shares = np.linspace(0, 1, count).reshape(-1, *[1] * first.ndim)
        between = ((1 - shares) * first + shares * last).astype("float32")
        between = self.decodable(between)
        outputs = self.decoder.predict(between, batch_size=256, verbose=0)
        return ops.convert_to_numpy(self._values(ops.cast(outputs, "float32")))

    def draw(self, inputs):
        """Returns a figure: originals above, reconstructions below.

        Args:
            inputs: Raw images or vectors, one a column.

        Returns:
            `matplotlib.figure.Figure`.
        """
        from kerassl.pictures import image_rows

        x = self.pretext.prepare(inputs).numpy()
        return image_rows([x, self.reconstruct(x)], titles=["original", "restored"])

    def get_config(self):
        return {
            **super().get_config(),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "criterion": self.criterion,
        }

    def _values(self, outputs):
        """Returns outputs on the scale of the targets."""
        if self.criterion == "binary_crossentropy":
            return ops.sigmoid(outputs)
        return outputs


def _check_targets(x, y, *rest):
    """Returns a batch of a cross-entropy, whose targets must be in [0, 1]."""
    wanted = (
        "The targets of the criterion `binary_crossentropy` must be in [0, 1]: scale "
        "the examples, or choose `mean_squared_error`."
    )
    check_between(y, -SLACK, 1 + SLACK, wanted, None)
    return (x, y, *rest)
