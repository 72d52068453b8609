"""Denoising by an encoder and a decoder, the training step of T5 and BART."""

import keras
import numpy as np

from kerassl import distribute
from kerassl.encoders.bart import bart_encoder
from kerassl.encoders.t5 import t5_encoder
from kerassl.errors import InvalidValue
from kerassl.losses.language import token_cross_entropy
from kerassl.metrics.tokens import token_accuracy
from kerassl.models.base import PretextModel
from kerassl.models.token_sizes import check_token_sizes


@keras.saving.register_keras_serializable(package="kerassl")
class DenoisingSeq2Seq(PretextModel):
    """Trains an encoder so that a decoder can undo the corruption of a text.

    The encoder reads the corrupted text, the decoder writes what the pretext
    layer asks for, token by token, each from the right tokens before it
    (teacher forcing). With `kerassl.pretext.SpanCorruption` and a T5 it is T5;
    with `kerassl.pretext.NoisyText`, which asks for the whole text, and a BART it
    is BART. `NoisyText` says which noises are the paper's.

    The decoder's outputs are projected to the vocabulary by the token
    embedding; in a T5 that ties its weights they are scaled by 1 /
    sqrt(hidden_dim).

    Args:
        encoder: A `keras_hub.models.T5Backbone` or `BartBackbone`, encoder and
            decoder: a fresh one, such as of `kerassl.encoders.t5`, or a
            pretrained one.
        pretext: A pretext layer such as `kerassl.pretext.SpanCorruption`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        backbone: The whole backbone, decoder included.
        encoder: Its encoder alone: a functional `keras.Model` from
            `{"token_ids", "padding_mask"}` to a float tensor (batch, time,
            hidden_dim). It shares its weights with the backbone.

    Input:
        A dict of int tensors: `"encoder_token_ids"` and
        `"encoder_padding_mask"`, each (batch, input_length), and
        `"decoder_token_ids"` and `"decoder_padding_mask"`, each (batch,
        target_length).

    Output:
        Logits, a float tensor (batch, target_length, vocabulary_size).

    Logs:
        loss: Cross-entropy in nats, mean over the tokens of the answers,
            sentinels and ends included; padding has no part in it.
        accuracy: Share of these tokens that are predicted.

    Raises:
        ValueError: If `encoder` is neither a T5 nor a BART, or `dataset` is called
            with a pretext layer that has more token ids than it has embeddings, or
            longer rows than it takes.

    Example:
        >>> from kerassl.data import train_tokenizer
        >>> from kerassl.encoders import t5
        >>> from kerassl.pretext import SpanCorruption
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"] * 8
        >>> tokenizer = train_tokenizer(texts, vocabulary_size=30)
        >>> pretext = SpanCorruption(tokenizer, sequence_length=12)
        >>> backbone = t5(pretext.vocabulary_size, num_layers=1, num_heads=2,
        ...               hidden_dim=16, intermediate_dim=32)
        >>> task = DenoisingSeq2Seq(backbone, pretext)
        >>> task.compile("adamw")
        >>> history = task.fit(task.dataset(texts, batch_size=8), verbose=0)
        >>> sorted(history.history)
        ['accuracy', 'loss']

    References:
        Raffel et al., 2019, https://arxiv.org/abs/1910.10683;
        Lewis et al., 2019, https://arxiv.org/abs/1910.13461
    """

    tracked = ("accuracy",)
    reads = ("weight",)
    default_measures = ("classification", "hidden_tokens")

    def __init__(self, encoder, pretext=None, *, name=None, **kwargs):
        super().__init__(_encoder_of(encoder), pretext, name=name, **kwargs)
        self.backbone = encoder
        self.built = True

    def propagate(self, x, training):
        inputs = {name: x[name] for name in self.backbone.input}
        hidden = self.backbone(inputs, training=training)["decoder_sequence_output"]
        if getattr(self.backbone, "tie_embedding_weights", False):  # a T5's
            hidden = hidden * self.backbone.hidden_dim**-0.5
        return self.backbone.token_embedding(hidden, reverse=True)

    def token_logits(self, outputs):
        """Returns the logits of the tokens that are asked for."""
        return outputs

    def tokens_before(self, x):
        """Returns, of each token of the answers, the one before it."""
        return x["decoder_token_ids"]

    def objective(self, x, y, outputs, training):
        targets, weights = y
        return {"denoising": (token_cross_entropy(outputs, targets), weights)}

    def measures(self, x, y, outputs):
        targets, weights = y
        return {"accuracy": (token_accuracy(outputs, targets), weights)}

    def dataset(self, examples, batch_size, seed=0, start=0):
        """Returns the training batches of this task, as `PretextModel.dataset`."""
        check_token_sizes(self.backbone, self.pretext)
        return super().dataset(examples, batch_size, seed=seed, start=start)

    def restore(self, inputs, seed=0):
        """Returns texts whose corruption the model has undone.

        The pretext layer corrupts the texts, the decoder writes the likeliest
        token at each step, and the pretext layer puts both together.

        Args:
            inputs: Texts, as for the pretext layer.
            seed: Integer, from which the corruption is drawn.

        Returns:
            A list of strings, as the tokenizer spells them.
        """
        x, _, _ = self.pretext(inputs, seed=(seed, 0))
        x = {name: np.asarray(value) for name, value in x.items()}
        texts = self.pretext.recover(x, self._answer(x))
        tokenizer = self.pretext.tokenizer
        known = tokenizer.vocabulary_size()
        return [tokenizer.detokenize(ids[ids < known]) for ids in texts]

    def get_config(self):
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.backbone),
        }

    def _answer(self, x):
        """Returns the likeliest answers, an int array (batch, target_length)."""
        distribute.read_state(self)
        if "_generator" not in self.__dict__:
            # Kept out of Keras's tracking: its weights are the backbone's.
            generator = _generator_of(self.backbone)
            generator.compile(sampler="greedy")
            self.__dict__["_generator"] = generator
        first = x["decoder_token_ids"][:, :1]
        # The last token of the longest rows has no position behind the first.
        longest = getattr(self.backbone, "max_sequence_length", None)
        room = np.zeros_like(x["decoder_token_ids"])[:, : longest and longest - 1]
        prompt = {
            **x,
            "decoder_token_ids": np.concatenate([first, room], 1),
            "decoder_padding_mask": np.concatenate([np.ones_like(first), room], 1),
        }
        made = self._generator.generate(prompt, stop_token_ids=None)
        return np.asarray(made["decoder_token_ids"])[:, 1:]


def _encoder_of(backbone):
    """Returns the encoder of a backbone alone, or raises where it is none to use."""
    import keras_hub

    if isinstance(backbone, keras_hub.models.T5Backbone):
        return t5_encoder(backbone)
    if isinstance(backbone, keras_hub.models.BartBackbone):
        return bart_encoder(backbone)
    raise InvalidValue(
        "`encoder` must be a keras_hub.models.T5Backbone, such as "
        "`kerassl.encoders.t5` gives, or a BartBackbone. Received: "
        f"{type(backbone).__name__}"
    )


def _generator_of(backbone):
    import keras_hub

    if isinstance(backbone, keras_hub.models.BartBackbone):
        return keras_hub.models.BartSeq2SeqLM(backbone)
    return keras_hub.models.T5Seq2SeqLM(backbone)
