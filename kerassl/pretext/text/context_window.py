"""The words around each word, and negatives: the data of word2vec."""

import itertools
import math

import keras
import numpy as np
import tensorflow as tf

from kerassl.checks import check_integer, check_number
from kerassl.errors import InvalidValue
from kerassl.pictures import Mark, token_figure
from kerassl.pretext.base import fold_seed
from kerassl.pretext.text.base import TextPretextLayer
from kerassl.tokenizers.token_rows import MOST_TOKENS, TokenRows, static_rows
from kerassl.tokenizers.windows import window_of

# Of a place without a word.
NO_DOCUMENT = -1

# How the figure draws tokens.
MARKS = {
    "centre": Mark("a word", "#c0392b"),
    "around": Mark("a word around it, asked for", "#27ae60"),
}


@keras.saving.register_keras_serializable(package="kerassl")
class ContextWindow(TextPretextLayer):
    """Asks which words are around each word (word2vec).

    Frequent words are dropped at random first: one whose share of the text is
    f stays with the probability sqrt(t / f) + t / f, where t is
    `subsampling`. Unknown words and punctuation are dropped too. Each word
    left looks at the words up to `reach` places away in its document, where
    its reach is drawn evenly from 1 to `window`, so that near words count
    more. Negatives are drawn by counts to the power of 0.75.

    A row is a number of blocks of `block_length` words. The words of a block share
    their negatives, and the words around them lie next to each other, so that
    all scores are two matrix products a block. The rows are cut anew after
    words were dropped; a word does not look beyond its row's ends.

    Call arguments:
        inputs: Windows, a dict of integer tensors `"token_ids"` and
            `"segment_ids"`, each (batch, time), such as
            `kerassl.data.TokenShards` gives; or texts, a string tensor
            (batch,); or token ids, an integer tensor (batch, time) or a
            `tf.RaggedTensor`.
        seed: Integer tensor of shape (2,).

    Returns:
        A tuple `(x,)`, a dict:

        - `"token_ids"`: int32 tensor (batch, blocks, block_length), the words.
        - `"around_ids"`: int32 tensor (batch, blocks, block_length + 2 * window), the
          words with `window` more on both sides.
        - `"in_window"`: float32 tensor (batch, blocks, block_length, block_length +
          2 * window), 1 where a word of `"token_ids"` looks at one of
          `"around_ids"`.
        - `"negative_ids"`: int32 tensor (batch, blocks, shared_negatives).

    Args:
        tokenizer: A tokenizer with `counts`, such as
            `kerassl.data.train_tokenizer(texts, "word")` gives.
        sequence_length: Words of the text in a window, 16 or more.
        window: Largest reach in words, at least 1.
        subsampling: t above, 0 or more; 0 drops no frequent word.
        block_length: Words of a block, at least `window`.
        shared_negatives: Negatives of a block, at least 1.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Attributes:
        packs_documents: True: a dataset over texts hands this layer windows.

    Raises:
        ValueError: If an argument is out of range, or the tokenizer has no
            counts when data arrives.

    Example:
        >>> from kerassl.data import train_tokenizer
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"]
        >>> tokenizer = train_tokenizer(texts, "word", min_count=1)
        >>> pretext = ContextWindow(
        ...     tokenizer, 16, window=2, subsampling=0, block_length=8)
        >>> (x,) = pretext(tf.constant(texts), tf.constant([0, 1]))
        >>> x["in_window"].shape
        TensorShape([2, 2, 8, 12])

    References:
        Mikolov et al., 2013, https://arxiv.org/abs/1301.3781; Mikolov et al.,
        2013, section 2, https://arxiv.org/abs/1310.4546
    """

    packs_documents = True
    needs = "a document with two words of the vocabulary, one beside the other"

    def __init__(
        self,
        tokenizer=None,
        sequence_length: int = 256,
        *,
        window: int = 5,
        subsampling: float = 1e-3,
        block_length: int = 32,
        shared_negatives: int = 32,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        check_integer("sequence_length", sequence_length, least=16, most=MOST_TOKENS)
        check_integer("block_length", block_length, least=1, most=MOST_TOKENS)
        check_integer("window", window, least=1)
        if window > block_length:
            raise InvalidValue(
                "`window` must be from 1 to `block_length`. Received: "
                f"window={window}, block_length={block_length}"
            )
        check_number("subsampling", subsampling, least=0)
        check_integer("shared_negatives", shared_negatives, least=1, most=MOST_TOKENS)
        self._rows = TokenRows(tokenizer, sequence_length)
        self.tokenizer = tokenizer
        self.sequence_length = sequence_length
        self.window = window
        self.subsampling = subsampling
        self.block_length = block_length
        self.shared_negatives = shared_negatives

    def word_counts(self):
        """Returns how often each token id is in the text, 0 for what is no word.

        Returns:
            Int64 NumPy array (vocabulary_size,).

        Raises:
            ValueError: If there is no tokenizer, or it has no counts.
        """
        special = self._rows.special_ids()
        if not hasattr(self.tokenizer, "counts"):
            raise InvalidValue(
                "`tokenizer` must have `counts` of its words, as "
                '`kerassl.data.train_tokenizer(texts, "word")` gives. Received: '
                f"{type(self.tokenizer).__name__}"
            )
        counts = self.tokenizer.counts.copy()
        counts[[token_id for token_id in special.values()]] = 0
        return counts

    def keep_probabilities(self):
        """Returns how likely each token id is to stay in the text.

        Returns:
            Float64 NumPy array (vocabulary_size,), 0 for what is no word.
        """
        counts = self.word_counts()
        if not self.subsampling:
            return (counts > 0).astype(float)
        ratio = self.subsampling * counts.sum() / np.maximum(counts, 1)
        return np.where(counts > 0, np.minimum(np.sqrt(ratio) + ratio, 1.0), 0.0)

    def negative_probabilities(self):
        """Returns how likely each token id is to be drawn as a negative.

        Returns:
            Float64 NumPy array (vocabulary_size,) with the sum 1.
        """
        powers = self.word_counts() ** 0.75
        return powers / powers.sum()

    def call(self, inputs, seed):
        tokens, documents, rows = self._stream(inputs)
        keep = self.keep_probabilities()
        drawn = tf.random.stateless_uniform(tf.shape(tokens), fold_seed(seed, 0))
        kept = drawn < tf.gather(tf.constant(keep, tf.float32), tokens)
        shape = [rows, self._blocks(keep, rows), self.block_length]
        token_ids = _fill(tokens[kept], shape, self.tokenizer.pad_token_id)
        documents = _fill(documents[kept], shape, NO_DOCUMENT)
        reach = tf.random.stateless_uniform(
            shape, fold_seed(seed, 1), 1, self.window + 1, tf.int32
        )
        return (
            {
                "token_ids": token_ids,
                "around_ids": self._around(token_ids, self.tokenizer.pad_token_id),
                "in_window": self._in_window(documents, reach),
                "negative_ids": self._negatives(
                    [*shape[:2], self.shared_negatives], fold_seed(seed, 2)
                ),
            },
        )

    def has_task(self, inputs):
        tokens, documents, _ = self._stream(inputs)
        documents = documents[tf.gather(self.word_counts() > 0, tokens)]
        return bool(tf.reduce_any(documents[1:] == documents[:-1]))

    def prepare(self, inputs):
        """Returns the encoder inputs of a batch: the known words of each row.

        Args:
            inputs: As for a call.

        Returns:
            A dict of int32 tensors `"token_ids"` and `"padding_mask"`, each
            (batch, sequence_length).
        """
        tokens = self._tokens(inputs)
        is_word = tf.constant(self.word_counts() > 0)
        tokens = tf.ragged.boolean_mask(
            tokens, tokens.with_flat_values(tf.gather(is_word, tokens.flat_values))
        )
        shape = [static_rows(_first(inputs)), self.sequence_length]
        pad = self.tokenizer.pad_token_id
        token_ids = tf.ensure_shape(tokens.to_tensor(pad, shape=shape), shape)
        # No word has the padding's id.
        return {
            "token_ids": token_ids,
            "padding_mask": tf.cast(token_ids != pad, tf.int32),
        }

    def draw(self, inputs, seed):
        """Returns a figure of words, one with what it looks at below it.

        Args:
            inputs: As for a call.
            seed: Integer tensor of shape (2,).

        Returns:
            A `matplotlib.figure.Figure`.
        """
        (x,) = self(inputs, seed)
        blocks = zip(
            np.concatenate(x["token_ids"]), np.concatenate(x["in_window"]), strict=True
        )
        rows = []
        for words, looks in itertools.islice(blocks, 4):
            words = words[words != self.tokenizer.pad_token_id]
            marks = np.full(len(words), "plain", object)
            centre = len(words) // 2
            if len(words):
                seen = looks[centre, self.window : self.window + len(words)]
                marks[seen > 0], marks[centre] = "around", "centre"
            names = [self.tokenizer.id_to_token(int(word)) for word in words]
            rows.append([(*pair, "") for pair in zip(names, marks, strict=True)])
        # All words are in the first rows; few texts leave the others empty.
        rows = [row for row in rows if row] or rows[:1]
        return token_figure(rows, MARKS)

    def get_config(self):
        return {
            **super().get_config(),
            "window": self.window,
            "subsampling": self.subsampling,
            "block_length": self.block_length,
            "shared_negatives": self.shared_negatives,
        }

    def _tokens(self, inputs):
        if not isinstance(inputs, dict):
            return self._rows.tokens(inputs)
        token_ids, _ = window_of(inputs, self.sequence_length)
        # The last token of a window is the first of another.
        return tf.RaggedTensor.from_tensor(token_ids[:, :-1])

    def _stream(self, inputs):
        """Returns all tokens in a row, the documents they are of, and the rows."""
        tokens = self._tokens(inputs)
        rows = static_rows(_first(inputs)) or tf.cast(tokens.nrows(), tf.int32)
        documents = tf.cast(tokens.value_rowids(), tf.int32)
        if isinstance(inputs, dict):
            _, segments = window_of(inputs, self.sequence_length)
            documents = documents * segments.shape[1] + tf.reshape(
                segments[:, :-1], [-1]
            )
        return tokens.flat_values, documents, rows

    def _blocks(self, keep, rows):
        """Returns the blocks of a row that hold what is left of a window."""
        counts = self.tokenizer.counts
        share, length = (counts * keep).sum() / counts.sum(), self.sequence_length
        # Room for more than is expected: what does not fit is not read.
        spare = 3 * math.sqrt(length / (rows if isinstance(rows, int) else 1))
        return math.ceil(min(length, share * length + spare) / self.block_length)

    def _negatives(self, shape, seed):
        bounds = np.cumsum(self.negative_probabilities())
        # The last bound may be below 1 by rounding.
        bounds[bounds == bounds[-1]] = 1.0
        drawn = tf.random.stateless_uniform(shape, seed, dtype=tf.float64)
        places = tf.searchsorted(bounds, tf.reshape(drawn, [-1]), side="right")
        return tf.reshape(places, shape)

    def _in_window(self, documents, reach):
        """Returns which words each word looks at, see the class.

        Args:
            documents: int32 tensor (rows, blocks, block_length), -1 at padding.
            reach: int32 tensor of the same shape.
        """
        window, places = self.window, np.arange(self.block_length)
        distance = np.arange(-window, self.block_length + window) - places[:, None]
        distance = np.abs(distance)
        # A word does not look at itself.
        distance[places, places + window] = window + 1
        seen = (
            (distance <= reach[..., None])
            & (documents[..., None] == self._around(documents, NO_DOCUMENT)[:, :, None])
            & (documents != NO_DOCUMENT)[..., None]
        )
        return tf.cast(seen, tf.float32)

    def _around(self, blocks, nothing):
        """Returns blocks with the nearest of their neighbours on both sides."""
        before = blocks[:, :-1, self.block_length - self.window :]
        before = tf.pad(before, [[0, 0], [1, 0], [0, 0]], constant_values=nothing)
        after = blocks[:, 1:, : self.window]
        after = tf.pad(after, [[0, 0], [0, 1], [0, 0]], constant_values=nothing)
        return tf.concat([before, blocks, after], 2)


def _first(inputs):
    return inputs["token_ids"] if isinstance(inputs, dict) else inputs


def _fill(values, shape, rest):
    """Returns the first of some values in a shape, filled up with `rest`."""
    size = shape[0] * shape[1] * shape[2]
    missing = tf.maximum(size - tf.size(values), 0)
    values = tf.pad(values[:size], [[0, missing]], constant_values=rest)
    return tf.reshape(values, shape)
