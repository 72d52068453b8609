"""One classifier for every puzzle: rotation, relative position, jigsaw."""

import math
from collections.abc import Sequence

import keras
from keras import ops

from kerassl.checks import check_integer
from kerassl.encoders.pooling import feature_model
from kerassl.errors import InvalidValue
from kerassl.layers.projection_head import ProjectionHead
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import head_policy, keep_untracked


@keras.saving.register_keras_serializable(package="kerassl")
class Puzzle(PretextModel):
    """Learns to tell from tiles of an image what was done to it.

    One encoder, shared, sees each tile by itself; the features of the tiles of a
    puzzle, in their order, are concatenated, and a head tells the puzzle's class. What
    the puzzle is, the pretext layer says: `kerassl.pretext.Rotation` (one tile, 4
    turns), `RelativePosition` (two tiles, 8 places) or `Jigsaw` (nine tiles, 64
    orders).

    A linear head would add up what each tile says by itself, which tells nothing where
    only both together say something, as of a relative position. Hence the hidden
    layer, which a rotation does not need: `hidden_dims=()` is that paper's head.

    Args:
        encoder: A functional `keras.Model` from images to a vector, a feature map or
            tokens, which are averaged. It takes tiles; where tiles are smaller than
            images, one whose sides are open, `input_shape=(None, None, 3)`, takes
            whole images later.
        pretext: A pretext layer that gives `({"tiles": ...}, classes)`, such as
            `kerassl.pretext.Rotation`.
        num_tiles: Tiles of a puzzle, or None: as many as `pretext` makes.
        num_classes: Answers that a puzzle may have, or None: as `pretext` says.
        hidden_dims: Widths of the head's hidden layers, each batch-normalised.
        pooling: How the features of a tile become one vector, as in
            `kerassl.encoders.pool`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        head: The `ProjectionHead` from the features of a puzzle's tiles to logits.

    Input:
        `{"tiles": tiles}`, float tensor (batch, puzzles, num_tiles, height, width,
        channels), and classes (batch, puzzles), integers in [0, num_classes).

    Output:
        Float tensor (batch, puzzles, num_classes), logits.

    Logs:
        loss: Cross-entropy in nats, mean over all puzzles; ln(num_classes) where
            nothing is learnt.
        accuracy: Share of the puzzles whose class has the largest logit.

    Raises:
        ValueError: If a number is no positive integer, is not what `pretext` makes, or
            is not given where there is no pretext layer; or the encoder takes tiles of
            another size or is not functional.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import Rotation
        >>> encoder = resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> task = Puzzle(encoder, Rotation(8, jit_compile=False), hidden_dims=())
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    References:
        Gidaris et al., 2018, https://arxiv.org/abs/1803.07728
        Doersch et al., 2015, https://arxiv.org/abs/1505.05192
        Noroozi and Favaro, 2016, https://arxiv.org/abs/1603.09246
    """

    tracked = ("accuracy",)
    default_measures = ("classification", "pretext")

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        num_tiles: int | None = None,
        num_classes: int | None = None,
        hidden_dims: Sequence[int] = (512,),
        pooling: str = "auto",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        self.num_tiles = _known(pretext, num_tiles=num_tiles)
        self.num_classes = _known(pretext, num_classes=num_classes)
        _check_side(encoder, pretext)
        self.pooling = pooling
        features = feature_model(encoder, pooling)
        self.head = ProjectionHead(
            self.num_classes,
            hidden_dims=hidden_dims,
            dtype=head_policy(encoder),
            name="head",
        )
        self.head.build((None, self.num_tiles * features.output_shape[-1]))
        keep_untracked(self, _features=features)
        self.built = True

    def propagate(self, x, training):
        tiles = x["tiles"]
        puzzles, each = tiles.shape[1], tuple(tiles.shape[3:])
        h = self._features(ops.reshape(tiles, (-1, *each)), training=training)
        h = ops.reshape(h, (-1, self.num_tiles * h.shape[-1]))
        logits = self.head(h, training=training)
        return ops.reshape(logits, (-1, puzzles, self.num_classes))

    def objective(self, x, y, outputs, training):
        loss = ops.sparse_categorical_crossentropy(y, outputs, from_logits=True)
        return {"puzzle": loss}

    def measures(self, x, y, outputs):
        told = ops.cast(ops.argmax(outputs, axis=-1), "int32")
        return {"accuracy": ops.equal(told, ops.cast(y, "int32"))}

    def loss_at_chance(self, batch_size):
        return math.log(self.num_classes)

    def get_config(self):
        return {
            **super().get_config(),
            "num_tiles": self.num_tiles,
            "num_classes": self.num_classes,
            "hidden_dims": self.head.hidden_dims,
            "pooling": self.pooling,
        }


def _known(pretext, **given):
    """Returns a number that the pretext layer tells, unless it is given."""
    ((name, number),) = given.items()
    told = getattr(pretext, name, None)
    if number is None and told is None:
        raise InvalidValue(
            f"`{name}` must be given where no pretext layer of puzzles tells it. "
            "Received: None"
        )
    if number is not None:
        check_integer(name, number, least=1)
    if told is not None and number not in (None, told):
        raise InvalidValue(
            f"`{name}` must be what the pretext layer makes, {told}, or None. "
            f"Received: {number}"
        )
    return told if number is None else number


def _check_side(encoder, pretext):
    taken, side = encoder.input_shape, getattr(pretext, "tile_size", None)
    if side is None or not isinstance(taken, tuple) or len(taken) != 4:
        return
    if any(length not in (None, side) for length in taken[1:3]):
        raise InvalidValue(
            f"`encoder` must take the tiles that the pretext layer makes, {side} x "
            f"{side}, or any, by `input_shape=(None, None, ...)`. Received: an "
            f"encoder of {taken[1]} x {taken[2]}"
        )
