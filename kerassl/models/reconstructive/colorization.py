"""Colourisation: the colours of an image from its lightness, as a classification."""

import math

import keras
import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.augment.image.gamut import gamut_bins
from kerassl.checks import check_number, check_positive_integers
from kerassl.encoders.feature_maps import feature_map_model
from kerassl.errors import InvalidValue
from kerassl.layers import batch_normalization
from kerassl.losses.color import (
    annealed_mean,
    color_cross_entropy,
    nearest_bins,
    rebalancing_weights,
)
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import head_policy, keep_untracked

# Images of which colours are counted, about.
COUNTED = 2000


@keras.saving.register_keras_serializable(package="kerassl")
class Colorization(PretextModel):
    """Learns to tell the colours of an image from its lightness.

    At each place of the encoder's last map, before any pooling, a convolutional head
    tells in which of some hundred squares of the plane of a and b the place's colour
    lies, softly: a colour belongs to the five nearest squares. A regression would
    answer with the mean of all colours that there may be, which is grey. Rare colours
    count more: before the first step `fit` counts those of about 2,000 images as the
    task makes them. The counts are saved with the weights, so that a run that goes on
    keeps them.

    Departures from the paper: the encoder is any, and its map as coarse as it is,
    where the paper's has a quarter of the image's sides; what the encoder has above
    that map is not trained.

    Args:
        encoder: A functional `keras.Model` from lightness (batch, height, width, 1)
            that has a map, whose sides divide those of the image.
        pretext: A pretext layer that gives `({"lightness": ...}, colors, weights)`,
            such as `kerassl.pretext.Colorize`.
        hidden_dim: Channels of the head's 3x3 convolution.
        grid: Side of the squares, on the scale of L*a*b*, from 5 to 50.
        neighbours: Squares that share a colour.
        sigma: Standard deviation of the Gaussian by which they do, and by which the
            counts of colours are smoothed, above 0.
        uniform_share: The paper's lambda, above 0 and at most 1, with which all colours
            count alike; see `kerassl.losses.rebalancing_weights`.
        temperature: Of the colour that is drawn of a distribution; see
            `kerassl.losses.annealed_mean`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        bins: Float array (bins, 2), the squares' centres, a and b.
        prior: Variable (bins,), the share of each square's colours in the data,
            smoothed; uniform before they were counted.
        class_weights: Variable (bins,), how much a place of each colour counts.
        head: The `keras.Sequential` from the map to logits.

    Input:
        `{"lightness": lightness}`, float (batch, height, width, 1) as the encoder takes
        it, colours (batch, height, width, 2), and weights (batch,), 0 for an image that
        is grey.

    Output:
        Dict: `"logits"`, float (batch, rows, columns, bins), at the places of the map;
        `"prior"` and `"class_weights"`, float (batch, bins), the same for all images.

    Logs:
        loss: Cross-entropy in nats, mean over places weighted by the rarity of their
            colours; ln(bins) where nothing is learnt. The least possible value is the
            entropy of the soft targets, not 0.
        prior_loss: The loss where the data's colours are told for every place, in the
            proportions in which they count.
        color_error: Root mean square distance, on the scale of L*a*b*, of the colour
            that is drawn from the true one, over all places of images with colours.
        grey_error: The same where grey is told for every place.
        colorful: Share of the images that are not grey.

    Raises:
        ValueError: If an argument is out of its range, or the encoder has no map.

    Example:
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import Colorize
        >>> encoder = resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> task = Colorization(encoder, Colorize(8, jit_compile=False), hidden_dim=8)
        >>> task.compile("adam")
        >>> images = np.random.default_rng(0).random((16, 8, 8, 3), "float32")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)
        >>> task.colorize(images[:2]).shape
        (2, 8, 8, 3)

    Reference:
        Zhang et al., 2016, https://arxiv.org/abs/1603.08511
    """

    reads = ("weight",)
    tracked = ("prior_loss", "color_error", "grey_error", "colorful")
    baselines = {"prior_loss": "the data's colours for every place"}
    default_measures = ("classification", "pretext")

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        hidden_dim: int = 256,
        grid: int = 10,
        neighbours: int = 5,
        sigma: float = 5.0,
        uniform_share: float = 0.5,
        temperature: float = 0.38,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_positive_integers(hidden_dim=hidden_dim, neighbours=neighbours)
        check_number("sigma", sigma, above=0)
        check_number("uniform_share", uniform_share, above=0, most=1)
        check_number("temperature", temperature, above=0)
        self.bins = gamut_bins(grid)
        nearest_bins(np.zeros(2, "float32"), self.bins, neighbours, sigma)  # checks it
        self.hidden_dim, self.grid, self.neighbours = hidden_dim, grid, neighbours
        self.sigma, self.uniform_share = sigma, uniform_share
        self.temperature = temperature
        features = feature_map_model(encoder)
        self.head = _head(features, hidden_dim, len(self.bins))
        network = keras.Model(features.input, self.head(features.output))
        keep_untracked(self, _network=network)
        self.leave_unread(features.output)
        self.prior = self._state("prior", 1.0 / len(self.bins))
        self.class_weights = self._state("class_weights", 1.0)
        self.images_counted = self.add_weight(
            (), "zeros", dtype="int32", trainable=False, name="images_counted"
        )
        self.built = True

    def _state(self, name, value):
        value = keras.initializers.Constant(value)
        return self.add_weight((len(self.bins),), value, trainable=False, name=name)

    def own_callbacks(self, x):
        """Returns the callback that counts colours before the first step.

        Args:
            x: A `tf.data.Dataset` of batches of `dataset`.

        Raises:
            ValueError: If it is none.
        """
        if not hasattr(x, "take"):
            raise InvalidValue(
                "`x` must be raw images, a dataset that `task.dataset(...)` made, or "
                "another tf.data.Dataset of such batches, since their colours are "
                f"counted. Received: {type(x).__name__}"
            )
        return [_CountColors(x)]

    def count_colors(self, batches):
        """Counts the colours of batches, as `fit` does before its first step.

        Args:
            batches: Iterable of batches of `dataset`, about 2,000 images of which are
                read, and one pass where it says how many batches that is.

        Raises:
            ValueError: If all those images are grey.
        """
        counts, images = np.zeros(len(self.bins)), 0
        one_pass = getattr(batches, "steps_per_epoch", None)
        for number, (x, colors, weights) in enumerate(batches):
            rows, columns = self._network.compute_output_shape(x["lightness"].shape)[
                1:3
            ]
            colors = ops.convert_to_numpy(_pooled(np.asarray(colors), rows, columns))
            colors = colors[np.asarray(weights) > 0].reshape(-1, 2)
            for part in np.array_split(colors, len(colors) // 10_000 + 1):
                squares = np.square(part[:, None] - self.bins).sum(-1)
                counts += np.bincount(squares.argmin(-1), minlength=len(self.bins))
            images += len(np.asarray(weights))
            if images >= COUNTED or number + 1 == one_pass:
                break
        if not counts.any():
            raise InvalidValue(
                "`x` must hold images with colours. Received: "
                f"{images} images, all of them grey"
            )
        prior = smoothed(counts / counts.sum(), self.bins, self.sigma)
        with distribute.scope_of(self):
            self.prior.assign(prior)
            self.class_weights.assign(rebalancing_weights(prior, self.uniform_share))
            self.images_counted.assign(images)

    def propagate(self, x, training):
        logits = self._network(x["lightness"], training=training)
        # Here, since with JAX `measures` must read no variables.
        state = ops.stack([self.prior.value, self.class_weights.value])
        state = ops.broadcast_to(state, (ops.shape(logits)[0], *state.shape))
        return {"logits": logits, "prior": state[:, 0], "class_weights": state[:, 1]}

    def objective(self, x, y, outputs, training):
        numbers, shares, weights = self._targets(y, outputs)
        loss = color_cross_entropy(outputs["logits"], numbers, shares)
        return {"color": (loss, weights)}

    def measures(self, x, y, outputs):
        numbers, shares, weights = self._targets(y, outputs)
        logits = outputs["logits"]
        told = ops.log(ops.maximum(outputs["prior"] * outputs["class_weights"], 1e-9))
        told = ops.broadcast_to(told[:, None, None], ops.shape(logits))
        colors = _pooled(y[0], *logits.shape[1:3])
        drawn = annealed_mean(logits, self.bins, self.temperature)
        counts = ops.ones_like(weights) * y[1][:, None, None]
        return {
            "prior_loss": (color_cross_entropy(told, numbers, shares), weights),
            "color_error": (_length(drawn - colors), counts),
            "grey_error": (_length(colors), counts),
            "colorful": ops.cast(y[1] > 0, "float32"),
        }

    def loss_at_chance(self, batch_size):
        return math.log(len(self.bins))

    def colorize(self, images, batch_size=64):
        """Returns images in the colours that the task tells of their lightness.

        Args:
            images: Raw images, of 3 channels or grey.
            batch_size: Images at a time.

        Returns:
            float32 NumPy array (batch, size, size, 3) in [0, 1].
        """
        lightness = self.pretext.prepare(images)
        distribute.read_state(self)
        logits = self._network.predict(
            np.asarray(lightness), batch_size=batch_size, verbose=0
        )
        colors = annealed_mean(logits, self.bins, self.temperature)
        return self.pretext.color(lightness, ops.convert_to_numpy(colors)).numpy()

    def draw(self, inputs):
        """Returns a figure: images, their lightness, and what the task makes of it.

        Args:
            inputs: Raw images, one a column.

        Returns:
            `matplotlib.figure.Figure`.
        """
        from kerassl.augment.image import resize
        from kerassl.pictures import image_rows

        images = resize(inputs, self.pretext.size).numpy()
        lightness = (self.pretext.prepare(inputs).numpy() + 1.0) / 2.0
        rows = [np.broadcast_to(each, images.shape) for each in (images, lightness)]
        titles = ["original", "seen", "coloured"]
        return image_rows([*rows, self.colorize(inputs)], titles=titles)

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_dim": self.hidden_dim,
            "grid": self.grid,
            "neighbours": self.neighbours,
            "sigma": self.sigma,
            "uniform_share": self.uniform_share,
            "temperature": self.temperature,
        }

    def _targets(self, y, outputs):
        """Returns the bins of each place, their shares, and how much it counts."""
        colors, weights = y
        colors = _pooled(colors, *outputs["logits"].shape[1:3])
        found = nearest_bins(colors, self.bins, self.neighbours, self.sigma)
        rarity = ops.take(outputs["class_weights"][0], found[0][..., 0])
        return *found, rarity * ops.cast(weights, "float32")[:, None, None]


class _CountColors(keras.callbacks.Callback):
    """Counts the colours of the data, unless that was done.

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
            self.model.count_colors(self.batches)


def smoothed(prior, bins, sigma):
    """Returns the shares of colours, each spread over the colours near to it.

    Args:
        prior: Float array (bins,).
        bins: Float array (bins, 2).
        sigma: Standard deviation of the Gaussian that spreads them.

    Example:
        >>> bins = np.array([[0.0, 0.0], [0.0, 10.0]])
        >>> smoothed(np.array([1.0, 0.0]), bins, sigma=5.0).round(2).tolist()
        [0.88, 0.12]
    """
    distances = np.square(bins[:, None] - bins).sum(-1)
    spread = np.exp(-distances / (2.0 * sigma**2))
    return prior @ (spread / spread.sum(axis=1, keepdims=True))


def _head(features, hidden_dim, bins):
    dtype = head_policy(features)
    layers = [
        keras.layers.Conv2D(hidden_dim, 3, padding="same", use_bias=False, dtype=dtype),
        batch_normalization(dtype=dtype),
        keras.layers.ReLU(dtype=dtype),
        keras.layers.Conv2D(bins, 1, dtype=dtype),
    ]
    return keras.Sequential(
        [keras.Input(features.output_shape[1:]), *layers], name="head"
    )


def _pooled(colors, rows, columns):
    """Returns the mean colours (batch, rows, columns, 2) of the places of a map."""
    height, width = colors.shape[1:3]
    if height % rows or width % columns:
        raise InvalidValue(
            "`encoder` must have a last map whose sides divide those of the images, "
            f"{height} x {width}. Received: a map of {rows} x {columns}"
        )
    parts = ops.reshape(
        colors, (-1, rows, height // rows, columns, width // columns, 2)
    )
    return ops.mean(parts, axis=(2, 4))


def _length(colors):
    return ops.sqrt(ops.sum(ops.square(colors), axis=-1))
