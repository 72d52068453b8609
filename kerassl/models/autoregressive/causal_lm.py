"""Causal language modelling, the training step of GPT."""

import math
import sys

import keras
import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.checks import check_integer
from kerassl.encoders.blocks import open_encoder
from kerassl.errors import InvalidValue
from kerassl.losses.language import lean_token_cross_entropy, token_cross_entropy
from kerassl.metrics.tokens import token_accuracy
from kerassl.models.base import PretextModel

# Of the tokens of a lean loss, one in so many is looked at for the accuracy.
LOOKED_AT = 8


@keras.saving.register_keras_serializable(package="kerassl")
class CausalLM(PretextModel):
    """Trains a text decoder to tell the next token (GPT).

    The hidden state at each token is projected to the vocabulary by the
    encoder's own token embedding. The loss is the mean cross-entropy over all
    tokens that are asked for.

    By default a token may attend to all before it in its window, also to those
    of other documents, as in GPT-2 and GPT-3.

    Args:
        encoder: A KerasHub backbone that is causal and has a
            `token_embedding`, such as `keras_hub.models.GPT2Backbone`.
        pretext: A `kerassl.pretext.NextToken`, or any pretext layer with the
            same outputs.
        isolate_documents: Whether attention stays inside a document. Needs an
            encoder that `kerassl.encoders.open_encoder` opens, such as a
            `GPT2Backbone`. Positions still count from the window's beginning.
        max_logits: Logits, tokens x vocabulary_size of a replica's batch, up
            to which all are held at once. Above it the loss is computed a few
            tokens at a time (`kerassl.losses.lean_token_cross_entropy`): the
            same value with far less memory, in slightly more time. 0 computes
            it so always. The default is 256 MiB in float32. An encoder that
            caps its logits, such as Gemma 2, has all of them at once.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Input:
        A dict of integer tensors `"token_ids"`, `"padding_mask"` and, where
        documents are isolated, `"segment_ids"`, each (batch, time).

    Output:
        A dict with `"logits"`, a float tensor (batch, time, vocabulary_size).
        Above `max_logits` these are of every eighth token only, and
        `"hidden_states"`, (batch, time, hidden_dim), stand beside them, of
        which `logits_of` makes logits.

    Logs:
        loss: Nats a token; its exponential is the perplexity.
        accuracy: Share of tokens that are told rightly. Above `max_logits`
            only every eighth token is looked at.

    Raises:
        ValueError: If the encoder has no token embedding or sees later tokens,
            or its documents cannot be isolated.

    Example:
        >>> import keras_hub
        >>> from kerassl.data import train_tokenizer
        >>> from kerassl.pretext import NextToken
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"] * 8
        >>> tokenizer = train_tokenizer(texts, "bpe", vocabulary_size=270)
        >>> encoder = keras_hub.models.GPT2Backbone(
        ...     270, num_layers=1, num_heads=2, hidden_dim=16, intermediate_dim=32)
        >>> task = CausalLM(encoder, NextToken(tokenizer, sequence_length=8))
        >>> task.compile("adamw")
        >>> history = task.fit(task.dataset(texts, batch_size=4), verbose=0)
        >>> sorted(history.history)
        ['accuracy', 'loss']

    References:
        Radford et al., 2018, Improving Language Understanding by Generative
        Pre-Training; Radford et al., 2019, Language Models are Unsupervised
        Multitask Learners; Brown et al., 2020,
        https://arxiv.org/abs/2005.14165
    """

    tracked = ("accuracy",)
    reads = ("weight",)
    default_measures = ("classification", "perplexity", "pretext")

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        isolate_documents: bool = False,
        max_logits: int = 1 << 26,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        _check_encoder(encoder)
        check_integer("max_logits", max_logits, least=0, most=sys.maxsize)
        self.isolate_documents = isolate_documents
        self._parts = _open(encoder) if isolate_documents else None
        self.max_logits = max_logits
        self.built = True

    def propagate(self, x, training):
        hidden_states = self.hidden_states(x, training)
        if self._is_lean(hidden_states):
            # Made here, since with JAX `measures` must read no weights.
            some = ops.stop_gradient(hidden_states[:, ::LOOKED_AT])
            return {"hidden_states": hidden_states, "logits": self.logits_of(some)}
        return {"logits": self.logits_of(hidden_states)}

    def objective(self, x, y, outputs, training):
        targets, weights = y
        if "hidden_states" in outputs:
            return {"next_token": self._lean_loss(outputs, targets, weights)}
        losses = token_cross_entropy(outputs["logits"], targets)
        return {"next_token": (losses, weights)}

    def measures(self, x, y, outputs):
        targets, weights = y
        if "hidden_states" in outputs:
            targets, weights = targets[:, ::LOOKED_AT], weights[:, ::LOOKED_AT]
        return {"accuracy": (token_accuracy(outputs["logits"], targets), weights)}

    def hidden_states(self, x, training=False):
        """Returns the encoder's output for each token.

        Args:
            x: As the model's input.
            training: Whether dropout is on.

        Returns:
            Float tensor (batch, time, hidden_dim).
        """
        encoder = self.encoder
        if not self.isolate_documents:
            return encoder({n: x[n] for n in encoder.input}, training=training)
        parts, segments = self._parts, x["segment_ids"]
        together = segments[:, :, None] == segments[:, None, :]  # (batch, time, time)
        mask = ops.tril(ops.cast(together, "int32"))
        states = parts.embed(x, training)
        return parts.norm(parts.run(states, x["padding_mask"], mask, training))

    def logits_of(self, hidden_states):
        """Returns the logits of the next token.

        Args:
            hidden_states: Float tensor (..., hidden_dim).

        Returns:
            Float tensor (..., vocabulary_size).
        """
        return self.encoder.token_embedding(hidden_states, reverse=True)

    def _is_lean(self, hidden_states):
        shape, embedding = hidden_states.shape[:-1], self.encoder.token_embedding
        if getattr(embedding, "logit_soft_cap", None) is not None:
            return False  # of which the lean loss knows nothing
        if self.max_logits == 0 or None in shape:
            return self.max_logits == 0
        return math.prod(shape) * embedding.input_dim > self.max_logits

    def _lean_loss(self, outputs, targets, weights):
        """Returns the (mean, weight) of this replica's part of the loss."""
        states = ops.cast(outputs["hidden_states"], self.encoder.compute_dtype)
        embedding = self.encoder.token_embedding
        if embedding.tie_weights:
            table = embedding.embeddings
        else:
            table = ops.transpose(embedding.reverse_embeddings)
        total = ops.sum(ops.cast(weights, "float32"))
        loss = lean_token_cross_entropy(states, table, targets, weights)
        return loss / ops.maximum(total, 1e-6), total

    def generate(self, prompts="", max_length=None, sampler="top_k"):
        """Returns texts that go on from prompts.

        Args:
            prompts: A string, or a list of strings.
            max_length: Tokens of prompt and continuation together, at most
                the encoder's `max_sequence_length`, which is the default.
            sampler: A `keras_hub.samplers.Sampler` or its name: `"greedy"`,
                `"top_k"`, `"top_p"`, `"random"`, `"beam"` or `"contrastive"`.
                A sampler that draws may be given a seed:
                `keras_hub.samplers.TopKSampler(5, seed=0)`.

        Returns:
            The prompt and its continuation up to an end of text: a string, or
            a list of them as `prompts` is.

        Raises:
            ValueError: If there is no tokenizer, a prompt leaves no room for a
                token, or KerasHub has no generator for this encoder.
        """
        import tensorflow as tf

        texts = [prompts] if isinstance(prompts, str) else list(prompts)
        if not texts:
            return []
        longest = getattr(self.encoder, "max_sequence_length", None)
        max_length = longest if max_length is None else max_length
        if not isinstance(max_length, int) or not (
            2 <= max_length <= (longest or max_length)
        ):
            raise InvalidValue(
                "`max_length` must be from 2 to the encoder's `max_sequence_length`, "
                f"{longest}. Received: {max_length}"
            )
        if getattr(self.pretext, "tokenizer", None) is None:
            raise InvalidValue(
                "A `pretext` layer with a tokenizer is needed to generate from texts."
            )
        rows = self.pretext.start(tf.constant(texts)).to_list()
        if max(map(len, rows)) >= max_length:
            raise InvalidValue(
                "`max_length` must be above the tokens of the longest prompt and its "
                f"start, {max(map(len, rows))}. Received: {max_length}"
            )
        end = self.pretext.tokenizer.end_token_id
        # KerasHub would take an end of text in the free places for a finished
        # text, so they hold any other token.
        token_ids = np.full((len(rows), max_length), int(end == 0), "int32")
        # Boolean, since the contrastive sampler inverts it bit by bit.
        padding_mask = np.zeros_like(token_ids, bool)
        for i, row in enumerate(rows):
            token_ids[i, : len(row)] = row
            padding_mask[i, : len(row)] = True
        generated = self._generator(sampler).generate(
            {"token_ids": token_ids, "padding_mask": padding_mask},
            stop_token_ids=[end],
        )
        found = [
            _until_end(ids, len(row), end)
            for ids, row in zip(generated["token_ids"], rows, strict=True)
        ]
        found = list(self.pretext.texts_of(found))
        return found[0] if isinstance(prompts, str) else found

    def _generator(self, sampler):
        """Returns KerasHub's task over the encoder, compiled with a sampler."""
        import keras_hub

        distribute.read_state(self)
        known = self.__dict__.setdefault("_generators", {})
        if "task" not in known:
            kinds = [
                cls
                for cls in _subclasses(keras_hub.models.CausalLM)
                if cls.backbone_cls is type(self.encoder)
            ]
            if not kinds:
                raise InvalidValue(
                    "`encoder` must be one for which KerasHub has a CausalLM task, "
                    "such as `GPT2Backbone`, to generate. Received: "
                    f"{type(self.encoder).__name__}"
                )
            known["task"] = kinds[0](self.encoder, preprocessor=None)
        if "sampler" not in known or known["sampler"] != sampler:
            known["task"].compile(sampler=sampler)
            known["sampler"] = sampler
        return known["task"]

    def get_config(self):
        return {
            **super().get_config(),
            "isolate_documents": self.isolate_documents,
            "max_logits": self.max_logits,
        }


def _subclasses(cls):
    for child in cls.__subclasses__():
        yield child
        yield from _subclasses(child)


def _until_end(ids, begin, end):
    """Returns the tokens of a text without its start and what follows its end."""
    ids = [int(token) for token in ids]
    stop = ids.index(end, begin) if end in ids[begin:] else len(ids)
    return ids[1:stop]


def _open(encoder):
    try:
        return open_encoder(encoder)
    except InvalidValue as error:
        raise InvalidValue(
            f"`isolate_documents=True` runs the encoder in parts, but {error}"
        ) from error


def _check_encoder(encoder):
    import keras_hub

    if not hasattr(encoder, "token_embedding"):
        raise InvalidValue(
            "`encoder` must be a text backbone with a `token_embedding`, such as "
            f"`keras_hub.models.GPT2Backbone`. Received: {type(encoder).__name__}"
        )
    blocks = encoder._flatten_layers(include_self=False)
    if any(isinstance(b, keras_hub.layers.TransformerEncoder) for b in blocks):
        raise InvalidValue(
            "`encoder` must be causal: no token may see those after it. Received: "
            f"{type(encoder).__name__}, whose attention goes both ways; it is one for "
            "`MaskedLM`."
        )
