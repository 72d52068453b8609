"""Causal language modelling: from the tokens so far, tell the next."""

import keras
import tensorflow as tf

from kerassl.pictures import Mark, token_figure
from kerassl.pretext.text.base import TextPretextLayer
from kerassl.tokenizers.gaps import rows_of
from kerassl.tokenizers.spelling import spelled, texts_of
from kerassl.tokenizers.token_rows import TokenRows, first_rows, static_rows
from kerassl.tokenizers.windows import first_place, window_of

# How the figure draws tokens.
MARKS = {"next": Mark("a token, and below it the next, asked for", "#2c6e9b")}


@keras.saving.register_keras_serializable(package="kerassl")
class NextToken(TextPretextLayer):
    """Asks at every token for the one that follows (GPT).

    An end-of-text token stands before every document, and so between any two.
    In a run (`task.dataset`) the documents of a corpus are joined to one
    stream of tokens, which is cut into windows: no padding, no text left out.
    Called on texts themselves, the layer makes one row of each: a longer one
    is read from an offset drawn from the seed, a shorter one is padded.

    Call arguments:
        inputs: Windows, a dict of integer tensors `"token_ids"` and
            `"segment_ids"`, each (batch, sequence_length + 1), such as
            `kerassl.data.TokenShards` gives; or texts, a string tensor
            (batch,); or token ids without special tokens, an integer tensor
            (batch, time) padded with the tokenizer's padding id, or a
            `tf.RaggedTensor` of them.
        seed: Integer tensor of shape (2,).

    Returns:
        A tuple `(x, y, sample_weight)`:

        - x: dict of int32 tensors, each (batch, sequence_length):
          `"token_ids"`, `"padding_mask"` and `"segment_ids"`, the number of
          the document in its row.
        - y: int32 tensor (batch, sequence_length), the tokens that follow.
        - sample_weight: float32 tensor (batch, sequence_length), 0 where a row
          is padded.

    Args:
        tokenizer: A KerasHub tokenizer with start, end and padding tokens,
            such as `kerassl.data.train_tokenizer` gives.
        sequence_length: Tokens in a row, above 2.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Attributes:
        packs_documents: True: a dataset over texts hands this layer windows.

    Raises:
        ValueError: If an argument is out of range, the tokenizer lacks one of
            the special tokens, or there is no tokenizer when texts arrive.

    Example:
        >>> from kerassl.data import train_tokenizer
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"]
        >>> pretext = NextToken(train_tokenizer(texts, "bpe", 260), 16)
        >>> x, y, weight = pretext(tf.constant(texts), tf.constant([0, 1]))
        >>> bool(tf.reduce_all(x["token_ids"][:, 1:] == y[:, :-1]))
        True

    Reference:
        Radford et al., 2018, Improving Language Understanding by Generative
        Pre-Training, section 3.1
    """

    packs_documents = True

    def __init__(
        self,
        tokenizer=None,
        sequence_length: int = 128,
        *,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        self._rows = TokenRows(tokenizer, sequence_length)
        self.tokenizer = tokenizer
        self.sequence_length = sequence_length

    def call(self, inputs, seed):
        if isinstance(inputs, dict):
            token_ids, segment_ids = window_of(inputs, self.sequence_length)
            is_token = tf.ones_like(token_ids, tf.bool)
        else:
            rows = static_rows(inputs)
            tokens = self._rows.tokens(inputs)
            offset = tf.random.stateless_uniform([rows or tokens.nrows(), 1], seed)
            token_ids, is_token = self._cut(
                self._document(tokens, end=True),
                [rows, self.sequence_length + 1],
                offset,
            )
            segment_ids = tf.zeros_like(token_ids)
        x = {
            "token_ids": token_ids[:, :-1],
            "padding_mask": tf.cast(is_token[:, :-1], tf.int32),
            "segment_ids": segment_ids[:, :-1],
        }
        return x, token_ids[:, 1:], tf.cast(is_token[:, 1:], tf.float32)

    def prepare(self, inputs):
        """Returns the encoder inputs of a batch, each row read from its start.

        Args:
            inputs: As for a call.

        Returns:
            A dict of int32 tensors `"token_ids"` and `"padding_mask"`, each
            (batch, sequence_length).
        """
        if isinstance(inputs, dict):
            token_ids = window_of(inputs, self.sequence_length)[0][:, :-1]
            return {"token_ids": token_ids, "padding_mask": tf.ones_like(token_ids)}
        tokens = self._document(self._rows.tokens(inputs), end=False)
        shape = [static_rows(inputs), self.sequence_length]
        token_ids, is_token = self._cut(tokens, shape, 0.0)
        return {"token_ids": token_ids, "padding_mask": tf.cast(is_token, tf.int32)}

    def start(self, texts):
        """Returns what a model is given to go on from.

        Args:
            texts: String tensor (batch,); "" for a document from its beginning.

        Returns:
            `tf.RaggedTensor` (batch, None) of token ids, the end of text first.
        """
        return self._document(self._rows.tokens(texts), end=False)

    def ask(self, prompts):
        """Returns the tokens that a model is given to go on from.

        Args:
            prompts: List of strings; "" for a document from its beginning.

        Returns:
            List of lists of token ids, the end of text first, of fewer tokens than
            a row has.

        Raises:
            ValueError: If a prompt is too long, or not known to the tokenizer.
        """
        special = self._rows.special_ids()
        most = self.sequence_length - 2  # the end before it, and a token to write
        rows = rows_of(prompts, self._rows.tokens, most, special["unknown"])
        return [[special["end"], *row] for row in rows]

    def texts_of(self, token_ids):
        """Returns the texts that rows of token ids spell.

        Args:
            token_ids: List of lists of integers, without special tokens.

        Returns:
            List of strings.
        """
        return texts_of(self.tokenizer, token_ids)

    def draw(self, inputs, seed):
        """Returns a figure of tokens with the tokens to tell below them.

        Args:
            inputs: As for a call; the first rows are shown.
            seed: Integer tensor of shape (2,).

        Returns:
            A `matplotlib.figure.Figure`.
        """
        x, y, weight = self(first_rows(inputs, 4), seed)
        rows = zip(x["token_ids"].numpy(), y.numpy(), weight.numpy() > 0, strict=True)
        return token_figure(
            [
                [
                    (self._name(token), "next", self._name(target))
                    for token, target in zip(tokens[used], targets[used], strict=True)
                ]
                for tokens, targets, used in rows
            ],
            MARKS,
        )

    def _document(self, tokens, end):
        """Returns ragged tokens with the end of text before (and behind) them."""
        mark = tf.fill([tokens.nrows(), 1], self._rows.special_ids()["end"])
        return tf.concat([mark, tokens, mark] if end else [mark, tokens], 1)

    def _cut(self, tokens, shape, offset):
        """Returns (token_ids, is_token), each of a shape, of ragged rows."""
        length = shape[1]
        columns = tf.range(length, dtype=tokens.row_splits.dtype)
        lengths = tokens.row_lengths()[:, None]  # (batch, 1)
        room = tf.maximum(lengths - length, 0)
        start = first_place(room, offset)
        is_token = columns < lengths
        where = tokens.row_starts()[:, None] + start + columns
        token_ids = tf.gather(tokens.flat_values, tf.where(is_token, where, 0))
        pad = self._rows.special_ids()["pad"]
        token_ids = tf.where(is_token, token_ids, pad)
        # The tokenizer forgets a batch size that is known in the graph.
        return tf.ensure_shape(token_ids, shape), tf.ensure_shape(is_token, shape)

    def _name(self, token_id):
        text = spelled(self.tokenizer, token_id)
        return text.replace("\n", "↵").replace(" ", "·")
