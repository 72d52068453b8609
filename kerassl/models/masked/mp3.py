"""Masked position prediction, the training step of MP3."""

import math

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_number
from kerassl.encoders.blocks import open_encoder
from kerassl.encoders.pooling import sequence_output
from kerassl.errors import InvalidValue
from kerassl.losses.language import token_cross_entropy
from kerassl.metrics.tokens import token_accuracy
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import head_policy
from kerassl.ops import uniform


@keras.saving.register_keras_serializable(package="kerassl")
class MP3(PretextModel):
    """Trains a text encoder to tell where each token stands (MP3).

    The encoder reads tokens without their positions, as a set, and each token tells its
    own: a choice among all places of a row. Only a random part of the tokens, the
    context, is attended to; the others look at it and are looked at by none. So a token
    must be placed by what its context holds. The start and the end of a text, whose
    places are certain, and padding are neither asked for nor attended to: they would
    tell the order.

    The positions of the encoder are left out here and are set to zeros when the task
    is made, so the encoder that a run leaves reads sets too; fine-tuning may learn
    positions anew.

    A token that is twice in a text has no certain place, and how likely each place is
    depends on the token and on how long texts are. `majority_accuracy` is the accuracy
    of telling the same place always, the most frequent of the batch.

    Args:
        encoder: A `keras_hub.models.BertBackbone`, or another backbone with a
            `position_embedding` that is added to tokens and segments.
        pretext: A `kerassl.pretext.Tokens`.
        mask_rate: Share of the tokens that are attended to by none, in [0, 1).
        name: Model name.
        **kwargs: Of `PretextModel`.

    Input:
        A dict of int32 tensors: `"token_ids"`, `"padding_mask"` and `"segment_ids"`,
        each (batch, time), and `"seed"` (batch, 2), from which the context is drawn.

    Output:
        Logits of the places, float (batch, time, max_sequence_length).

    Logs:
        loss: Nats a token; about ln max_sequence_length before training.
        accuracy: Share of the tokens whose place is told.
        majority_accuracy: The same of telling the most frequent place always.

    Raises:
        ValueError: If the encoder has no such positions, or the rate is out of range.

    Example:
        >>> from kerassl.data import train_tokenizer
        >>> from kerassl.encoders import bert
        >>> from kerassl.pretext import Tokens
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"] * 8
        >>> tokenizer = train_tokenizer(texts, vocabulary_size=30)
        >>> encoder = bert(30, num_layers=1, num_heads=2, hidden_dim=16,
        ...                intermediate_dim=32, max_sequence_length=16)
        >>> task = MP3(encoder, Tokens(tokenizer, sequence_length=16))
        >>> task.compile("adamw")
        >>> history = task.fit(task.dataset(texts, batch_size=8), verbose=0)
        >>> sorted(history.history)
        ['accuracy', 'loss', 'majority_accuracy']

    Reference:
        Zhai et al., 2022, https://arxiv.org/abs/2207.07611
    """

    tracked = ("accuracy", "majority_accuracy")
    reads = ("seed",)
    default_measures = ("classification", "pretext")

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        mask_rate: float = 0.75,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_number("mask_rate", mask_rate, least=0, below=1)
        self.mask_rate = mask_rate
        positions = _positions_of(encoder)
        self._parts = open_encoder(encoder)
        table = positions.position_embeddings
        table.assign(ops.zeros(table.shape, table.dtype))
        self.head = keras.layers.Dense(
            positions.sequence_length, dtype=head_policy(encoder), name="head"
        )
        sequence = sequence_output(encoder.output)
        self.head.build(sequence.shape)
        self.leave_unread(sequence)
        self._unread |= {id(table)}
        self.built = True

    def propagate(self, x, training):
        parts, context = self._parts, self.context(x)
        states = parts.embed(x, training)
        # Each token looks at the context alone, whichever it is itself.
        mask = ops.repeat(context[:, None, :], x["token_ids"].shape[1], axis=1)
        states = parts.run(states, x["padding_mask"], mask, training)
        return self.head(parts.norm(states, training))

    def context(self, x):
        """Returns which tokens are attended to, one at least where there is one.

        Args:
            x: The model's input.

        Returns:
            int32 tensor (batch, time).
        """
        asked = self.weights_of(x, None)
        draws = uniform(x["seed"], (x["token_ids"].shape[1],))
        draws = ops.where(asked > 0, draws, 2.0)  # after all that are asked for
        rank = ops.argsort(ops.argsort(draws, axis=1), axis=1)
        count = ops.sum(asked, axis=1, keepdims=True)
        # Rounded up, but for what float32 adds to a whole number.
        kept = ops.ceil((1 - self.mask_rate) * ops.cast(count, "float32") - 1e-4)
        chosen = ops.cast(rank, "float32") < kept
        return ops.cast(chosen & (asked > 0), "int32")

    def weights_of(self, x, y):
        """Returns 1 for each token between the start and the end of its text."""
        padding = ops.cast(x["padding_mask"], "int32")
        places = ops.arange(padding.shape[1], dtype="int32")[None]
        last = ops.sum(padding, axis=1, keepdims=True) - 1
        return ops.cast((places > 0) & (places < last), "int32")

    def objective(self, x, y, outputs, training):
        losses = token_cross_entropy(outputs, _places(x))
        return {"position": (losses, self.weights_of(x, y))}

    def measures(self, x, y, outputs):
        asked, places = self.weights_of(x, y), _places(x)
        frequent = ops.argmax(
            distribute.all_sum(ops.sum(ops.cast(asked, "float32"), axis=0))
        )
        same = ops.equal(places, ops.cast(frequent, "int32"))
        return {
            "accuracy": (token_accuracy(outputs, places), asked),
            "majority_accuracy": (same, asked),
        }

    def loss_at_chance(self, batch_size):
        """Returns ln of the number of places, the loss of all alike."""
        return math.log(self.head.units)

    def get_config(self):
        return {**super().get_config(), "mask_rate": self.mask_rate}


def _places(x):
    """Returns the place of each token in its row."""
    return ops.cumsum(ops.ones_like(x["token_ids"]), axis=1) - 1


def _positions_of(encoder):
    """Returns the layer of an encoder's positions."""
    layer = getattr(encoder, "position_embedding", None)
    if not hasattr(layer, "position_embeddings"):
        raise InvalidValue(
            "`encoder` must be a text backbone that adds a table of positions to its "
            "tokens, such as `kerassl.encoders.bert` gives. Received: "
            f"{type(encoder).__name__}"
        )
    return layer
