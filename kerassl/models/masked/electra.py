"""Replaced token detection, the training step of ELECTRA."""

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_number
from kerassl.encoders.blocks import open_encoder
from kerassl.encoders.pooling import sequence_output
from kerassl.errors import InvalidValue
from kerassl.losses.language import detection_cross_entropy, token_cross_entropy
from kerassl.metrics.ranking import share_below
from kerassl.metrics.tokens import token_accuracy
from kerassl.models.masked.filling import FillsMasks
from kerassl.models.skeleton import head_policy, keep_untracked
from kerassl.ops import categorical, uniform

# The generator's width as a share of the encoder's, and of its attention heads.
GENERATOR_WIDTH = 0.25
HEAD_WIDTH = 64


@keras.saving.register_keras_serializable(package="kerassl")
class ELECTRA(FillsMasks):
    """Trains a text encoder to tell replaced tokens from original ones (ELECTRA).

    A small generator is trained as a masked language model. Tokens drawn from its
    predictions take the place of the hidden ones, and the encoder, the
    discriminator, tells for every token of the text whether it is the original
    one. A token that was drawn right counts as original.

    The loss is the generator's mean cross-entropy over the hidden tokens, plus
    `discriminator_weight` times the discriminator's over all tokens but padding.
    No gradient goes through the draw, so the generator does not learn to deceive.

    Generator and discriminator share the embeddings of tokens, positions and
    segments with their normalisation. Where the generator is of another width, a
    dense layer of its own comes after them.

    Args:
        encoder: The discriminator, and the product: a KerasHub text backbone that
            sees both ways, such as `keras_hub.models.ElectraBackbone` or
            `BertBackbone`.
        pretext: A `kerassl.pretext.MaskedTokens`. The paper's hides 15 % of the
            tokens, 85 % of them by the mask token and the others not at all:
            `mask_token_rate=0.85, random_token_rate=0.0`.
        generator: A backbone of the same kinds, of which the blocks are used and
            the embeddings are not. None makes one like the encoder with a quarter
            of its width, as the paper's.
        discriminator_weight: Weight of the discriminator's loss, at least 0.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Input:
        A dict of int32 tensors: `"token_ids"`, `"padding_mask"` and
        `"segment_ids"`, each (batch, time), `"mask_positions"` (batch, slots), 0 in
        empty slots, and `"seed"` (batch, 2), from which the tokens are drawn.

    Output:
        A dict of `"logits"`, the generator's, float (batch, slots,
        vocabulary_size); `"drawn_ids"`, int32 (batch, slots); `"token_ids"`, what
        the discriminator reads, int32 (batch, time); `"scores"`, its logits of the
        token being replaced, float (batch, time).

    Logs:
        loss: Nats; about ln vocabulary_size + `discriminator_weight` ln 2 before
            training.
        generator_accuracy: Share of the hidden tokens that the generator predicts.
        auc: Area under the ROC curve of the discriminator's scores in a batch,
            0.5 at chance.
        replaced_share: Share of the tokens that are replaced. The accuracy of a
            discriminator that calls all original is 1 minus it, which is why
            there is no accuracy here.

    Raises:
        ValueError: If encoder or generator cannot be opened, the encoder has no
            token embedding or sees one way only, or a number is out of range.

    Example:
        >>> import keras_hub
        >>> from kerassl.data import train_tokenizer
        >>> from kerassl.pretext import MaskedTokens
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"] * 8
        >>> pretext = MaskedTokens(train_tokenizer(texts, vocabulary_size=30), 16,
        ...     mask_token_rate=0.85, random_token_rate=0.0)
        >>> encoder = keras_hub.models.ElectraBackbone(
        ...     30, num_layers=1, num_heads=2, hidden_dim=16, embedding_dim=8,
        ...     intermediate_dim=32)
        >>> task = ELECTRA(encoder, pretext)
        >>> task.compile("adamw")
        >>> history = task.fit(task.dataset(texts, batch_size=8), verbose=0)
        >>> sorted(history.history)
        ['auc', 'generator_accuracy', 'loss', 'replaced_share']

    Reference:
        Clark et al., 2020, https://arxiv.org/abs/2003.10555
    """

    tracked = ("generator_accuracy", "auc", "replaced_share")
    reads = ("weight", "seed")
    default_measures = ("classification", "hidden_tokens")

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        generator=None,
        discriminator_weight: float = 50.0,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_number("discriminator_weight", discriminator_weight, least=0)
        self.discriminator_weight = discriminator_weight
        self._parts = _opened("encoder", encoder)
        generator = _quarter(encoder) if generator is None else generator
        # Not the generator itself, whose embeddings are no part of the task.
        config = keras.saving.serialize_keras_object(generator)
        keep_untracked(self, _generator_config=config)
        sequence = sequence_output(encoder.output)
        self.generator = _blocks_of(generator, encoder.token_embedding.output_dim)
        self.generator_head = _masked_lm_head(encoder, self.generator)
        self.discriminator_head = _head(sequence.shape[-1], head_policy(encoder))
        self.leave_unread(sequence)
        self.built = True

    def propagate(self, x, training):
        positions, logits = x["mask_positions"], self._generated(x, training)
        drawn_ids = categorical(logits, uniform(x["seed"], positions.shape[1:]))
        token_ids = _replaced(x["token_ids"], positions, drawn_ids)
        read = {name: x[name] for name in self.encoder.input} | {"token_ids": token_ids}
        sequence = sequence_output(self.encoder(read, training=training))
        scores = self.discriminator_head(sequence, training=training)[..., 0]
        return {
            "logits": logits,
            "drawn_ids": drawn_ids,
            "token_ids": token_ids,
            "scores": scores,
        }

    def _generated(self, x, training=False):
        """Returns the generator's logits of the hidden tokens."""
        embeddings = self._parts.look_up(x, training)
        states = self.generator(
            {"embeddings": embeddings, "padding_mask": x["padding_mask"]},
            training=training,
        )
        return self.generator_head(states, x["mask_positions"])

    def objective(self, x, y, outputs, training):
        targets, weights = y
        masked_lm = token_cross_entropy(outputs["logits"], targets)
        detection = detection_cross_entropy(
            outputs["scores"], self.is_replaced(x, targets, outputs)
        )
        return {
            "masked_lm": (masked_lm, weights),
            "detection": (self.discriminator_weight * detection, x["padding_mask"]),
        }

    def measures(self, x, y, outputs):
        targets, weights = y
        replaced = self.is_replaced(x, targets, outputs)
        original = (x["padding_mask"] > 0) & ~replaced
        others, counted = (
            ops.reshape(distribute.all_gather(each), (-1,))
            for each in (outputs["scores"], ops.cast(original, "int32"))
        )
        below = share_below(outputs["scores"], others, counted > 0)
        accuracy = token_accuracy(outputs["logits"], targets)
        return {
            "generator_accuracy": (accuracy, weights),
            "auc": (below, replaced),
            "replaced_share": (replaced, x["padding_mask"]),
        }

    def token_logits(self, outputs):
        """Returns the generator's logits of the tokens that are asked for."""
        return outputs["logits"]

    def is_replaced(self, x, targets, outputs):
        """Returns which tokens the discriminator reads are not the original ones.

        Args:
            x: The model's input.
            targets: int tensor (batch, slots), the original tokens.
            outputs: The model's output.

        Returns:
            Boolean tensor (batch, time).
        """
        wrong = ops.cast(outputs["drawn_ids"] != targets, "int32")
        return _spread(wrong, x["mask_positions"], x["token_ids"].shape[1]) > 0

    def mask_logits(self, x):
        return self._generated(x)

    def get_config(self):
        return {
            **super().get_config(),
            "generator": self._generator_config,
            "discriminator_weight": self.discriminator_weight,
        }


def _opened(argument, encoder):
    import keras_hub

    try:
        parts = open_encoder(encoder)
    except InvalidValue as error:
        raise InvalidValue(f"`{argument}` is run in parts, but {error}") from error
    two_ways = isinstance(parts.blocks[0], keras_hub.layers.TransformerEncoder)
    if not two_ways or not hasattr(encoder, "token_embedding"):
        raise InvalidValue(
            f"`{argument}` must be a text backbone that sees both ways, such as "
            "`keras_hub.models.ElectraBackbone` or `BertBackbone`. Received: "
            f"{type(encoder).__name__}"
        )
    return parts


def _quarter(encoder):
    """Returns a backbone like the encoder with a quarter of its width."""
    config = encoder.get_config()
    width = max(1, round(GENERATOR_WIDTH * config["hidden_dim"]))
    config.update(
        name="generator",
        hidden_dim=width,
        num_heads=max(1, width // HEAD_WIDTH),
        intermediate_dim=4 * width,
    )
    return type(encoder).from_config(config)


def _blocks_of(backbone, embedding_dim):
    """Returns a generator's blocks as a model that reads embeddings.

    Args:
        backbone: The whole, with embeddings that are not used.
        embedding_dim: Width of the embeddings that are read in their stead.

    Returns:
        `keras.Model` from float `"embeddings"` (batch, time, embedding_dim) and int
        `"padding_mask"` (batch, time) to float (batch, time, width).
    """
    parts = _opened("generator", backbone)
    policy, width = head_policy(backbone), sequence_output(backbone.output).shape[-1]
    inputs = {
        "embeddings": keras.Input(
            (None, embedding_dim), dtype=policy.compute_dtype, name="embeddings"
        ),
        "padding_mask": keras.Input((None,), dtype="int32", name="padding_mask"),
    }
    states = inputs["embeddings"]
    if width != embedding_dim:
        project = keras.layers.Dense(
            width,
            kernel_initializer=_initializer(),
            dtype=policy,
            name="embeddings_projection",
        )
        states = project(states)
    states = parts.norm(parts.run(states, inputs["padding_mask"]))
    return keras.Model(inputs, states, name="generator")


def _masked_lm_head(encoder, generator):
    import keras_hub

    head = keras_hub.layers.MaskedLMHead(
        token_embedding=encoder.token_embedding,
        intermediate_activation="gelu",
        layer_norm_epsilon=1e-12,
        kernel_initializer=_initializer(),
        dtype=head_policy(encoder),
        name="generator_head",
    )
    head.build(generator.output_shape, (None, None))
    return head


def _head(width, policy):
    """Returns the discriminator's head, from states to a logit for each token."""
    hidden, score = (
        keras.layers.Dense(
            units, activation, kernel_initializer=_initializer(), dtype=policy
        )
        for units, activation in ((width, "gelu"), (1, None))
    )
    states = keras.Input((None, width), dtype=policy.compute_dtype)
    return keras.Sequential([states, hidden, score], name="discriminator_head")


def _initializer():
    return keras.initializers.TruncatedNormal(stddev=0.02)


def _replaced(token_ids, positions, drawn_ids):
    """Returns token ids with those drawn at their positions."""
    length = token_ids.shape[1]
    chosen = _spread(ops.ones_like(drawn_ids), positions, length)
    return ops.where(chosen > 0, _spread(drawn_ids, positions, length), token_ids)


def _spread(values, positions, length):
    """Returns the values of slots at their positions in the rows, 0 elsewhere.

    Args:
        values: int32 tensor (batch, slots).
        positions: int32 tensor (batch, slots), each position once. Position 0, the
            start of a text, is never hidden: a slot with it is empty.
        length: Tokens in a row.

    Returns:
        int32 tensor (batch, length).
    """
    places = ops.one_hot(positions, length, dtype="int32")  # (batch, slots, length)
    used = ops.cast(positions > 0, "int32")
    return ops.sum(places * (used * values)[..., None], axis=1)
