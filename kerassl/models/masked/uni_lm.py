"""One network under four masks of attention, the training step of UniLM."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.checks import check_integer, check_number
from kerassl.encoders.blocks import open_encoder
from kerassl.encoders.pooling import sequence_output
from kerassl.errors import InvalidType, InvalidValue
from kerassl.losses.language import token_cross_entropy
from kerassl.metrics.tokens import token_accuracy
from kerassl.models.masked.filling import FillsMasks
from kerassl.ops import uniform
from kerassl.ops.attention_masks import (
    BIDIRECTIONAL,
    LEFT_RIGHT,
    PREFIX,
    RIGHT_LEFT,
    attention_mask,
)
from kerassl.tokenizers.gaps import check_prompts, rows_of

# Of each kind of mask, the segment of its tokens; of `PREFIX` that of the prefix, and
# the next one of the completion. A text that is read both ways has one segment alone.
SEGMENTS = {BIDIRECTIONAL: 0, LEFT_RIGHT: 2, RIGHT_LEFT: 3, PREFIX: 4}
NUM_SEGMENTS = 6


@keras.saving.register_keras_serializable(package="kerassl")
class UniLM(FillsMasks):
    """Trains a text encoder to restore hidden tokens under four masks (UniLM).

    Each text of a batch gets one of four masks of attention by its own seed: it is
    read both ways as BERT's (a third of the texts), from left to right or from right
    to left (a sixth each), or as a prefix that sees itself alone and a completion that
    sees the prefix and what is before it (a third). So one network learns to read, and
    to write on. The segment embedding tells it which mask it is under.

    Where the prefix ends is drawn evenly over the text. The paper joins two pieces of
    text instead, with an end token between them.

    The head is BERT's, and the loss the mean cross-entropy over the hidden tokens of
    the whole batch.

    Args:
        encoder: A `keras_hub.models.BertBackbone` of 6 or more segments, or another
            that `kerassl.encoders.open_encoder` opens and that reads segments.
        pretext: A `kerassl.pretext.MaskedTokens`; the paper's hides n-grams too,
            `span_shares=[0.8, 0.1, 0.1]`.
        shares: How frequent the masks are, relative to each other: both ways, from the
            left, from the right, prefix and completion.
        completion_only: Whether a hidden token of a prefix is left out of the loss, so
            that only the completion is learnt, as in a prefix language model. The
            paper's loss counts both.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Input:
        A dict of int32 tensors: `"token_ids"` and `"padding_mask"`, each (batch,
        time), `"mask_positions"` (batch, slots), 0 in empty slots, and `"seed"`
        (batch, 2), from which mask and prefix are drawn.

    Output:
        A dict of `"logits"`, float (batch, slots, vocabulary_size), and `"counted"`,
        int32 (batch, slots), 0 where a token is left out of the loss.

    Logs:
        loss: Nats; about ln vocabulary_size before training.
        accuracy: Share of the hidden tokens that are restored.

    Raises:
        ValueError: If the encoder cannot be opened, has no token embedding or fewer
            segments, or `shares` are no four numbers.

    Example:
        >>> from kerassl.data import train_tokenizer
        >>> from kerassl.encoders import bert
        >>> from kerassl.pretext import MaskedTokens
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"] * 8
        >>> tokenizer = train_tokenizer(texts, vocabulary_size=30)
        >>> encoder = bert(30, num_layers=1, num_heads=2, hidden_dim=16,
        ...                intermediate_dim=32, num_segments=6)
        >>> task = UniLM(encoder, MaskedTokens(tokenizer, sequence_length=16))
        >>> task.compile("adamw")
        >>> history = task.fit(task.dataset(texts, batch_size=8), verbose=0)
        >>> sorted(history.history)
        ['accuracy', 'loss']

    Reference:
        Dong et al., 2019, https://arxiv.org/abs/1905.03197
    """

    tracked = ("accuracy",)
    reads = ("weight", "seed")
    default_measures = ("classification", "hidden_tokens")

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        shares: Sequence[float] = (1 / 3, 1 / 6, 1 / 6, 1 / 3),
        completion_only: bool = False,
        name: str | None = None,
        **kwargs,
    ):
        import keras_hub

        super().__init__(encoder, pretext, name=name, **kwargs)
        self.shares = _checked_shares(shares)
        if not isinstance(completion_only, bool):
            raise InvalidType(
                f"`completion_only` must be a bool. Received: {completion_only!r}"
            )
        self.completion_only = completion_only
        self._parts = _opened(encoder)
        self.head = keras_hub.layers.MaskedLMHead(
            token_embedding=encoder.token_embedding,
            intermediate_activation="gelu",
            layer_norm_epsilon=1e-12,
            kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
            dtype=encoder.dtype_policy,
            name="masked_lm_head",
        )
        sequence = sequence_output(encoder.output)
        self.head.build((None, None, sequence.shape[-1]), (None, None))
        self.leave_unread(sequence)
        self.built = True

    def propagate(self, x, training):
        kinds, prefixes = self.masks(x)
        logits = self.logits_under(x, kinds, prefixes, training)
        in_prefix = x["mask_positions"] < prefixes[:, None]
        counted = ops.cast(~in_prefix | (kinds != PREFIX)[:, None], "int32")
        if not self.completion_only:
            counted = ops.ones_like(counted)
        return {"logits": logits, "counted": counted}

    def masks(self, x):
        """Returns the kind of each text's mask, and where its prefix ends.

        Args:
            x: The model's input.

        Returns:
            Two int32 tensors (batch,): numbers of `kerassl.ops.attention_masks`, and
            tokens in the prefix, the start token and one more at least.
        """
        draws = uniform(x["seed"], (2,))
        bounds = np.cumsum(self.shares)[:-1] / np.sum(self.shares)
        passed = draws[:, :1] >= ops.convert_to_tensor(bounds[None], "float32")
        kinds = ops.sum(ops.cast(passed, "int32"), axis=1)
        # A token and the end of the text are left for the completion.
        places = ops.sum(ops.cast(x["padding_mask"], "int32"), axis=1) - 3
        places = ops.maximum(places, 1)
        drawn = ops.cast(draws[:, 1] * ops.cast(places, "float32"), "int32")
        return kinds, 2 + ops.minimum(drawn, places - 1)

    def logits_under(self, x, kinds, prefixes, training=False):
        """Returns the logits of the tokens at `x["mask_positions"]` under masks.

        Args:
            x: The model's input.
            kinds: int32 tensor (batch,), as `masks` gives.
            prefixes: int32 tensor (batch,), as `masks` gives.
            training: Whether dropout is on.

        Returns:
            Float tensor (batch, slots, vocabulary_size).
        """
        parts, length = self._parts, x["token_ids"].shape[1]
        table = ops.convert_to_tensor([SEGMENTS[k] for k in range(4)], "int32")
        segments = ops.take(table, kinds)[:, None]
        beyond = ops.arange(length, dtype="int32")[None] >= prefixes[:, None]
        completes = beyond & (kinds == PREFIX)[:, None]
        segments = segments + ops.cast(completes, "int32")
        states = parts.embed({**x, "segment_ids": segments}, training)
        mask = attention_mask(kinds, prefixes, length)
        states = parts.run(states, x["padding_mask"], mask, training)
        return self.head(parts.norm(states, training), x["mask_positions"])

    def objective(self, x, y, outputs, training):
        targets, weights = y
        weights = weights * ops.cast(outputs["counted"], weights.dtype)
        losses = token_cross_entropy(outputs["logits"], targets)
        return {"masked_lm": (losses, weights)}

    def measures(self, x, y, outputs):
        targets, weights = y
        return {"accuracy": (token_accuracy(outputs["logits"], targets), weights)}

    def token_logits(self, outputs):
        """Returns the logits of the tokens that are asked for."""
        return outputs["logits"]

    def mask_logits(self, x):
        rows = ops.shape(x["token_ids"])[0]
        both_ways = ops.full((rows,), BIDIRECTIONAL, "int32")
        return self.logits_under(x, both_ways, ops.zeros((rows,), "int32"))

    def write_on(
        self, prompts, length: int = 16, *, temperature: float = 1.0, seed: int = 0
    ):
        """Returns texts that go on from prompts, under the mask of a completion.

        A prompt is the prefix. A mask token is put behind it, told, and replaced by
        what was told, and so on: the tokens before it see what they saw in training.
        An end is never told, since no end token is ever hidden.

        Args:
            prompts: List of strings, none empty.
            length: Tokens to write, with those of the prompt and its start at most as
                many as a row has.
            temperature: By which logits are divided; 0 takes the likeliest always.
            seed: Integer, from which all tokens are drawn.

        Returns:
            List of strings, what follows each prompt.

        Raises:
            ValueError: If an argument is out of range, or a prompt is too long or not
                known to the tokenizer.
        """
        check_prompts(prompts)
        check_integer("length", length, least=1)
        check_number("temperature", temperature, least=0)
        distribute.read_state(self)
        layer, random = self.pretext, np.random.default_rng(seed)
        special = layer._rows.special_ids()
        most = layer.sequence_length - 1 - length
        rows = rows_of(prompts, layer._rows.tokens, most, special["unknown"])
        return [
            self._written([special["start"], *row], length, temperature, random)
            for row in rows
        ]

    def _written(self, row, length, temperature, random):
        """Returns the text that goes on from one row of token ids."""
        from kerassl.tokenizers.spelling import texts_of

        tokenizer, width = self.pretext.tokenizer, len(row) + length
        ids, prefix = list(row), ops.convert_to_tensor([len(row)], "int32")
        kind = ops.full((1,), PREFIX, "int32")
        while len(ids) < width:
            read = [*ids, tokenizer.mask_token_id]
            padding = [tokenizer.pad_token_id] * (width - len(read))
            x = {
                "token_ids": [read + padding],
                "padding_mask": [[1] * len(read) + [0] * len(padding)],
                "mask_positions": [[len(ids)]],
            }
            x = {n: ops.convert_to_tensor(value, "int32") for n, value in x.items()}
            logits = self.logits_under(x, kind, prefix)[0, 0]
            ids.append(_drawn(ops.convert_to_numpy(logits), temperature, random))
        return texts_of(tokenizer, [ids[len(row) :]])[0]

    def get_config(self):
        return {
            **super().get_config(),
            "shares": self.shares,
            "completion_only": self.completion_only,
        }


def _drawn(logits, temperature, random):
    """Returns a token id, the likeliest where the temperature is 0."""
    if temperature < 1e-6:
        return int(np.argmax(logits))
    logits = logits.astype("float64") / temperature
    shares = np.exp(logits - logits.max())
    return int(random.choice(len(shares), p=shares / shares.sum()))


def _checked_shares(shares):
    is_list = isinstance(shares, Sequence) and not isinstance(shares, str)
    if not is_list or len(shares) != 4:
        raise InvalidValue(
            "`shares` must be four numbers, how frequent the masks are that read both "
            "ways, from the left, from the right, and a prefix with its completion. "
            f"Received: {shares!r}"
        )
    for share in shares:
        check_number("shares", share, least=0)
    if not sum(shares) > 0:
        raise InvalidValue(f"`shares` must hold one above 0. Received: {shares!r}")
    return [float(share) for share in shares]


def _opened(encoder):
    import keras_hub

    try:
        parts = open_encoder(encoder)
    except InvalidValue as error:
        raise InvalidValue(f"`encoder` is run in parts, but {error}") from error
    both_ways = isinstance(parts.blocks[0], keras_hub.layers.TransformerEncoder)
    segments = getattr(encoder, "num_segments", 0)
    if not both_ways or not hasattr(encoder, "token_embedding"):
        raise InvalidValue(
            "`encoder` must be a text backbone that sees both ways, such as "
            f"`kerassl.encoders.bert` gives. Received: {type(encoder).__name__}"
        )
    if segments < NUM_SEGMENTS:
        raise InvalidValue(
            f"`encoder` must have {NUM_SEGMENTS} segments or more, one for each mask "
            f"and place: `num_segments={NUM_SEGMENTS}`. Received: {segments}"
        )
    return parts
