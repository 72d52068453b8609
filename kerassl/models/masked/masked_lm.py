"""Masked language modelling, the training step of BERT."""

import keras

from kerassl.encoders.pooling import sequence_output
from kerassl.errors import InvalidValue
from kerassl.losses.language import token_cross_entropy
from kerassl.metrics.tokens import token_accuracy
from kerassl.models.masked.filling import FillsMasks


@keras.saving.register_keras_serializable(package="kerassl")
class MaskedLM(FillsMasks):
    """Trains a text encoder to restore hidden tokens (BERT).

    The head is BERT's: a dense layer, layer normalisation, and the encoder's
    own token embedding as the projection to the vocabulary. Only the hidden
    positions reach that projection, which is what makes a step fast.

    What no loss reads stays as it was: BERT's pooler, the dense layer over the
    first token, is left to fine-tuning.

    The loss is the mean cross-entropy over the hidden tokens of the whole
    batch; empty mask slots have no part in it. `accuracy` is the share of
    hidden tokens that are restored.

    Args:
        encoder: A KerasHub text backbone with an embedding of tokens and a
            sequence output: BERT, RoBERTa, DistilBERT, ALBERT, ELECTRA ....
        pretext: A `kerassl.pretext.MaskedTokens`, or any pretext layer with
            the same outputs.
        name: Model name.
        **kwargs: Further arguments of `PretextModel`.

    Raises:
        ValueError: If `encoder` has no token embedding, or `dataset` is
            called with a tokenizer or rows larger than the encoder's.

    Example:
        >>> import keras_hub
        >>> from kerassl.data import train_tokenizer
        >>> from kerassl.pretext import MaskedTokens
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"] * 8
        >>> tokenizer = train_tokenizer(texts, vocabulary_size=30)
        >>> encoder = keras_hub.models.BertBackbone(
        ...     30, num_layers=1, num_heads=2, hidden_dim=16, intermediate_dim=32)
        >>> task = MaskedLM(encoder, MaskedTokens(tokenizer, sequence_length=16))
        >>> task.compile("adamw")
        >>> history = task.fit(task.dataset(texts, batch_size=8), verbose=0)
        >>> sorted(history.history)
        ['accuracy', 'loss']

    Reference:
        Devlin et al., 2018, https://arxiv.org/abs/1810.04805
    """

    tracked = ("accuracy",)
    reads = ("weight",)
    default_measures = ("classification", "hidden_tokens")

    def __init__(self, encoder, pretext=None, *, name=None, **kwargs):
        import keras_hub

        super().__init__(encoder, pretext, name=name, **kwargs)
        embedding = getattr(encoder, "token_embedding", None)
        if embedding is None:
            raise InvalidValue(
                "`encoder` must be a text backbone with a `token_embedding`, such as "
                "`keras_hub.models.BertBackbone`. Received: "
                f"{type(encoder).__name__}"
            )
        self.head = keras_hub.layers.MaskedLMHead(
            token_embedding=embedding,
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
        inputs = {name: x[name] for name in self.encoder.input}
        sequence = sequence_output(self.encoder(inputs, training=training))
        return self.head(sequence, x["mask_positions"])

    def token_logits(self, outputs):
        """Returns the logits of the tokens that are asked for."""
        return outputs

    def objective(self, x, y, outputs, training):
        targets, weights = y
        return {"masked_lm": (token_cross_entropy(outputs, targets), weights)}

    def measures(self, x, y, outputs):
        targets, weights = y
        return {"accuracy": (token_accuracy(outputs, targets), weights)}

    def mask_logits(self, x):
        return self.propagate(x, training=False)
