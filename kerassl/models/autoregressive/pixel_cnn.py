"""PixelCNN: each pixel of an image is told from those before it."""

import math

import keras
import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.checks import check_integer, check_positive_integers
from kerassl.errors import InvalidValue
from kerassl.losses.language import token_cross_entropy
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import head_policy, keep_untracked
from kerassl.progress import track

# Images of which shades are counted, about.
COUNTED = 10_000
# Shades that the count of neighbours tells apart, and one for what lies outside.
MOST_SHADES = 4


@keras.saving.register_keras_serializable(package="kerassl")
class PixelCNN(PretextModel):
    """Trains a network to tell the shade of each pixel from those before it.

    Pixels are read row by row, from left to right. A softmax over the shades stands at
    each place, so that the model gives every image a probability, and makes images
    pixel by pixel.

    A loss means little by itself: most pixels of a digit are black. Before the first
    step `fit` counts the shades of about 10,000 images for two guesses without a
    network, whose losses are logged beside. They are saved with the weights.

    Args:
        encoder: A functional `keras.Model` from pixels (batch, height, width, 1) to
            features of each place that know nothing of it and of what is after it,
            (batch, height, width, dim), such as `kerassl.encoders.gated_pixel_cnn`.
        pretext: A `kerassl.pretext.NextPixel`, or any pretext layer with the same
            outputs.
        levels: Shades, or None: as many as `pretext` makes.
        hidden_dim: Channels of the head's 1x1 convolution before the last.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        head: The `keras.Sequential` from features to logits.
        place_nats: Variable (height, width, levels), minus the log of each shade's
            share at each place, in nats; ln(levels) before they were counted.
        neighbour_nats: Variable (contexts, levels), the same for each combination of
            the shades of four neighbours.

    Input:
        `{"pixels": pixels}`, float (batch, height, width, 1), and shades (batch,
        height, width), integers in [0, levels).

    Output:
        Dict: `"logits"`, float (batch, height, width, levels); `"place_nats"` and
        `"neighbour_nats"`, float (batch, height, width), what the two guesses cost.

    Logs:
        loss: Nats a pixel, mean over all; ln(levels) where nothing is learnt.
        image_nats: Nats an image, the loss times its pixels.
        place_loss: The loss of telling how often each place has each shade in the data.
        neighbour_loss: That of telling it from the four neighbours before a pixel, to
            the left and in the row above, four shades of them told apart.

    Raises:
        ValueError: If a number is out of its range, or the encoder gives no features of
            each place, or some that know the place itself or what is after it.

    Example:
        >>> from kerassl.data import digits
        >>> from kerassl.encoders import gated_pixel_cnn
        >>> from kerassl.pretext import NextPixel
        >>> encoder = gated_pixel_cnn((8, 8, 1), width=4, num_layers=1)
        >>> task = PixelCNN(encoder, NextPixel(levels=2), hidden_dim=4)
        >>> task.compile("adam")
        >>> history = task.fit(task.dataset(digits(), batch_size=256), verbose=0)
        >>> task.sample(2).shape
        (2, 8, 8, 1)

    References:
        van den Oord et al., 2016, https://arxiv.org/abs/1601.06759
        van den Oord et al., 2016, https://arxiv.org/abs/1606.05328
    """

    tracked = ("image_nats", "place_loss", "neighbour_loss")
    baselines = {
        "place_loss": "how often each place has each shade",
        "neighbour_loss": "the same after the four neighbours before it",
    }
    default_measures = ("classification", "pretext")
    generates = "images"

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        levels: int | None = None,
        hidden_dim: int = 64,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        self.levels = _known_levels(levels, pretext)
        check_positive_integers(hidden_dim=hidden_dim)
        _check_encoder(encoder)
        self.hidden_dim = hidden_dim
        self.head = _head(encoder, hidden_dim, self.levels)
        network = keras.Model(encoder.input, self.head(encoder.output))
        keep_untracked(self, _network=network)
        height, width = encoder.input_shape[1:3]
        contexts = (_told_apart(self.levels) + 1) ** 4
        self.place_nats = self._state("place_nats", (height, width, self.levels))
        self.neighbour_nats = self._state("neighbour_nats", (contexts, self.levels))
        self.images_counted = self.add_weight(
            (), "zeros", dtype="int32", trainable=False, name="images_counted"
        )
        self.built = True

    def _state(self, name, shape):
        value = keras.initializers.Constant(math.log(self.levels))
        return self.add_weight(shape, value, trainable=False, name=name)

    def own_callbacks(self, x):
        """Returns the callback that counts shades before the first step.

        Args:
            x: A `tf.data.Dataset` of batches of `dataset`.

        Raises:
            ValueError: If it is none.
        """
        if not hasattr(x, "take"):
            raise InvalidValue(
                "`x` must be raw images, a dataset that `task.dataset(...)` made, or "
                "another tf.data.Dataset of such batches, since their shades are "
                f"counted. Received: {type(x).__name__}"
            )
        return [_CountShades(x)]

    def count_shades(self, batches):
        """Counts the shades of batches, as `fit` does before its first step.

        Args:
            batches: Iterable of batches of `dataset`, about 10,000 images of which are
                read, and one pass where it says how many batches that is.
        """
        place = np.ones(self.place_nats.shape)
        neighbour = np.ones(self.neighbour_nats.shape)
        images, one_pass = 0, getattr(batches, "steps_per_epoch", None)
        for number, (_, shades) in enumerate(batches):
            shades = np.asarray(shades)
            place += np.eye(self.levels)[shades].sum(0)
            context = ops.convert_to_numpy(neighbours(shades, self.levels))
            np.add.at(neighbour, (context, shades), 1)
            images += len(shades)
            if images >= COUNTED or number + 1 == one_pass:
                break
        with distribute.scope_of(self):
            for variable, counts in (
                (self.place_nats, place),
                (self.neighbour_nats, neighbour),
            ):
                shares = counts / counts.sum(axis=-1, keepdims=True)
                variable.assign(-np.log(shares))
            self.images_counted.assign(images)

    def propagate(self, x, training):
        logits = self._network(x["pixels"], training=training)
        # Here, since with JAX `measures` must read no variables.
        shades = ops.round((x["pixels"][..., 0] + 1.0) / 2.0 * (self.levels - 1))
        number = neighbours(ops.cast(shades, "int32"), self.levels)
        shades = ops.one_hot(ops.cast(shades, "int32"), self.levels, dtype="float32")
        after = ops.take(self.neighbour_nats.value, number, axis=0)
        return {
            "logits": logits,
            "place_nats": ops.sum(shades * self.place_nats.value, axis=-1),
            "neighbour_nats": ops.sum(shades * after, axis=-1),
        }

    def objective(self, x, y, outputs, training):
        return {"next_pixel": token_cross_entropy(outputs["logits"], y)}

    def measures(self, x, y, outputs):
        nats = token_cross_entropy(outputs["logits"], y)
        return {
            "image_nats": ops.sum(nats, axis=(1, 2)),
            "place_loss": outputs["place_nats"],
            "neighbour_loss": outputs["neighbour_nats"],
        }

    def loss_at_chance(self, batch_size):
        return math.log(self.levels)

    def sample(self, count: int = 16, seed: int = 0, *, progress=False):
        """Returns images that the model makes, pixel by pixel.

        Args:
            count: How many.
            seed: Integer from which the shades are drawn.
            progress: As in `kerassl.progress.track`.

        Returns:
            Float32 NumPy array (count, height, width, 1) in [0, 1].

        Raises:
            ValueError: If `count` is below 1.
        """
        check_positive_integers(count=count)
        distribute.read_state(self)
        random = np.random.default_rng(seed)
        height, width = self.encoder.input_shape[1:3]
        pixels = np.full((count, height, width, 1), -1.0, "float32")
        places = [(row, column) for row in range(height) for column in range(width)]
        for row, column in track(places, "generating", len(places), shown=progress):
            logits = self._network.predict_on_batch(pixels)[:, row, column]
            # The largest of logits with Gumbel noise is a draw of their softmax.
            noise = -np.log(-np.log(random.uniform(size=(count, self.levels))))
            shades = np.argmax(np.asarray(logits, "float64") + noise, axis=-1)
            pixels[:, row, column, 0] = 2.0 * shades / (self.levels - 1) - 1.0
        return (pixels + 1.0) / 2.0

    def draw(self, inputs):
        """Returns a figure: images above, as many made ones below.

        Args:
            inputs: Raw images, one a column.

        Returns:
            `matplotlib.figure.Figure`.
        """
        from kerassl.pictures import image_rows

        images = (self.pretext.prepare(inputs).numpy() + 1.0) / 2.0
        made = self.sample(len(images))
        return image_rows([images, made], titles=["images", "samples"])

    def get_config(self):
        return {
            **super().get_config(),
            "levels": self.levels,
            "hidden_dim": self.hidden_dim,
        }


class _CountShades(keras.callbacks.Callback):
    """Counts the shades of the data, unless that was done.

    Args:
        batches: What `fit` trains on.
    """

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def on_train_begin(self, logs=None):
        """Counts before the first step."""
        distribute.read_state(self.model)
        if not int(ops.convert_to_numpy(self.model.images_counted)):
            self.model.count_shades(self.batches)


def neighbours(shades, levels: int):
    """Returns a number for the four neighbours before each pixel.

    They are the one to the left and the three in the row above. Of more than four
    shades neighbouring ones count as one; what lies outside the image is another.

    Args:
        shades: Integer tensor (batch, height, width), in [0, levels).
        levels: How many shades there are.

    Returns:
        Integer tensor (batch, height, width).

    Example:
        >>> ops.convert_to_numpy(neighbours(ops.array([[[1, 0]]]), 2)).tolist()
        [[[80, 53]]]
    """
    apart = _told_apart(levels)
    height, width = shades.shape[1:3]
    coarse = ops.cast(shades, "int32") * apart // levels
    coarse = ops.pad(coarse, [[0, 0], [1, 0], [1, 1]], constant_values=apart)
    number = 0
    for top, left in ((1, 0), (0, 0), (0, 1), (0, 2)):
        part = coarse[:, top : top + height, left : left + width]
        number = number * (apart + 1) + part
    return number


def _told_apart(levels):
    return min(levels, MOST_SHADES)


def _head(encoder, hidden_dim, levels):
    dtype = head_policy(encoder)
    return keras.Sequential(
        [
            keras.Input(encoder.output_shape[1:]),
            keras.layers.ReLU(dtype=dtype),
            keras.layers.Conv2D(hidden_dim, 1, activation="relu", dtype=dtype),
            keras.layers.Conv2D(levels, 1, dtype=dtype),
        ],
        name="head",
    )


def _known_levels(levels, pretext):
    told = getattr(pretext, "levels", None)
    if levels is not None:
        check_integer("levels", levels, least=2)
    if (levels or told) is None or (levels and told and levels != told):
        raise InvalidValue(
            "`levels` must be given where no pretext layer tells it, and be what that "
            f"makes, {told}. Received: {levels}"
        )
    return levels or told


def _check_encoder(encoder):
    """Raises where the features of a place know it, or what comes after it."""
    taken, given = encoder.input_shape, encoder.output_shape
    if len(taken) != 4 or None in taken[1:] or taken[3] != 1:
        raise InvalidValue(
            "`encoder` must take pixels (batch, height, width, 1) of one size. "
            f"Received: {taken}"
        )
    if len(given) != 4 or given[1:3] != taken[1:3]:
        raise InvalidValue(
            "`encoder` must give features of each pixel, (batch, "
            f"{taken[1]}, {taken[2]}, dim). Received: {given}"
        )
    pixels = np.random.default_rng(0).uniform(-1, 1, (2, *taken[1:])).astype("float32")
    place = taken[1] * taken[2] // 2
    changed = pixels.reshape(2, -1)
    changed[1, :place] = changed[0, :place]  # what is before it is the same
    features = ops.convert_to_numpy(
        ops.cast(encoder(changed.reshape(pixels.shape), training=False), "float32")
    )
    before = features.reshape(2, taken[1] * taken[2], -1)[:, : place + 1]
    if not np.allclose(before[0], before[1], rtol=1e-3, atol=1e-5):
        raise InvalidValue(
            "`encoder` must be causal: the features of a pixel may not know it or what "
            "comes after it, row by row, as those of "
            f"`kerassl.encoders.gated_pixel_cnn`. Received: {encoder.name!r}"
        )
