"""Rows of a denoising task: a corrupted text, and the answer of a decoder."""

import tensorflow as tf

from kerassl.checks import check_integer
from kerassl.errors import InvalidValue
from kerassl.tokenizers.gaps import padded, rows_of
from kerassl.tokenizers.token_rows import MOST_TOKENS, TokenRows, static_rows


class DenoisingRows:
    """Sets texts in rows for an encoder and its decoder, as T5 or as BART does.

    The encoder reads the tokens of a text and the end token. The decoder reads the
    answer shifted by one. In the layout of T5 rows have no start token, and the
    decoder begins with the padding token. In that of BART rows begin with the start
    token, the answer's too, and the decoder begins with the end token.

    Args:
        tokenizer: A KerasHub tokenizer, or None: then an error comes where
            data arrives.
        sequence_length: Tokens of a clean row, start and end included, above 1;
            with a start token above 2.
        needs: Special tokens that the tokenizer must have.
        start_token: Whether the layout is that of BART.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> from kerassl.data import train_tokenizer
        >>> tokenizer = train_tokenizer(["a cat"], vocabulary_size=11)
        >>> rows = DenoisingRows(tokenizer, sequence_length=6)
        >>> rows.prepare(tf.constant(["a cat"]))["padding_mask"].numpy().tolist()
        [[1, 1, 1, 1, 0, 0]]
    """

    def __init__(
        self,
        tokenizer,
        sequence_length,
        needs=("start", "end", "pad"),
        start_token=False,
    ):
        if not isinstance(start_token, bool):
            raise InvalidValue(
                f"`start_token` must be True or False. Received: {start_token!r}"
            )
        # Of two: a token and the end behind it.
        least = 2 + start_token
        check_integer("sequence_length", sequence_length, least=least, most=MOST_TOKENS)
        self.sequence_length = sequence_length
        self.start_token = start_token
        # Its rows begin with a start token, which is cut off below.
        length = sequence_length + 1 - start_token
        self._rows = TokenRows(tokenizer, length, needs=needs)

    def special_ids(self) -> dict[str, int | None]:
        """Returns the ids of the special tokens and the unknown one, by use."""
        return self._rows.special_ids()

    def tokens(self, inputs) -> tf.RaggedTensor:
        """Returns the token ids of each row, without special tokens.

        Args:
            inputs: As for `TokenRows`.
        """
        return self._rows.tokens(inputs)

    def clean(self, inputs, seed=None):
        """Returns the rows of a batch before any corruption.

        Args:
            inputs: Texts or token ids, as for `TokenRows`.
            seed: Integer tensor of shape (2,), from which it is drawn where
                to begin to read a text that is too long; None for its start.

        Returns:
            A tuple of int32 tensors: token ids (batch, sequence_length), less by
            one with a start token: the text, the end token and padding; and the
            lengths (batch, 1) of the texts, without the end.
        """
        tokens = self._rows.tokens(inputs)
        shape = [static_rows(inputs) or tokens.nrows(), 1]
        if seed is None:
            offset = tf.zeros(shape)
        else:
            offset = tf.random.stateless_uniform(shape, seed)
        packed = self._rows.pack(tokens, offset)
        lengths = tf.reduce_sum(packed["padding_mask"], 1, keepdims=True) - 2
        return packed["token_ids"][:, 1:], lengths

    def prepare(self, inputs):
        """Returns the encoder inputs of a batch, each row read from its start.

        Args:
            inputs: As in `clean`.

        Returns:
            A dict of int32 tensors `"token_ids"` and `"padding_mask"`, each
            (batch, sequence_length).
        """
        token_ids, lengths = self.started(*self.clean(inputs))
        return {"token_ids": token_ids, "padding_mask": present(token_ids, lengths + 1)}

    def started(self, token_ids, lengths):
        """Returns rows and their lengths, the start token in front if there is one.

        Args:
            token_ids: int32 tensor (batch, time).
            lengths: int32 tensor (batch, 1).
        """
        if not self.start_token:
            return token_ids, lengths
        start = tf.ones_like(token_ids[:, :1]) * self.special_ids()["start"]
        return tf.concat([start, token_ids], 1), lengths + 1

    def example(self, shown, shown_lengths, answer, answer_lengths):
        """Returns the training example of rows to show and rows to ask for.

        Args:
            shown: int32 tensor (batch, input_length), what the encoder reads.
            shown_lengths: int32 tensor (batch, 1), its tokens before padding.
            answer: int32 tensor (batch, target_length), what is asked for.
            answer_lengths: int32 tensor (batch, 1), its tokens before padding.

        Returns:
            A tuple `(x, y, sample_weight)` as of `SpanCorruption`.
        """
        first = self.special_ids()["end" if self.start_token else "pad"]
        before = tf.ones_like(answer[:, :1]) * first
        asked = present(answer, answer_lengths)
        x = {
            "encoder_token_ids": shown,
            "encoder_padding_mask": present(shown, shown_lengths),
            "decoder_token_ids": tf.concat([before, answer[:, :-1]], 1),
            "decoder_padding_mask": asked,
        }
        return x, answer, tf.cast(asked, tf.float32)

    def question(self, prompts, target_length, gap_ids):
        """Returns what encoder and decoder read of prompts that are to be answered.

        Args:
            prompts: List of strings, with gaps or without.
            target_length: Tokens of the longest answer.
            gap_ids: As of `kerassl.tokenizers.gaps.rows_of`.

        Returns:
            Dict of int32 arrays as of a training example's x, with an empty answer.
        """
        special = self.special_ids()
        most = self.sequence_length - 1 - self.start_token
        rows = rows_of(prompts, self.tokens, most, special["unknown"], gap_ids)
        shown = padded([[*row, special["end"]] for row in rows], special["pad"])
        lengths = tf.constant([[len(row) + 1] for row in rows])
        answer = tf.fill([len(rows), target_length], special["pad"])
        x, _, _ = self.example(
            *self.started(tf.constant(shown), lengths), answer, tf.ones_like(lengths)
        )
        return {name: value.numpy() for name, value in x.items()}


def present(token_ids, lengths):
    """Returns an int32 mask (batch, time), 1 in the first `lengths` places.

    Args:
        token_ids: Tensor (batch, time) of the mask's shape.
        lengths: int32 tensor (batch, 1).
    """
    mask = tf.cast(tf.range(token_ids.shape[1]) < lengths, tf.int32)
    return tf.ensure_shape(mask, token_ids.shape)


def choose(scores, available, count):
    """Returns a boolean mask of places drawn at random, without repetition.

    Args:
        scores: Float tensor (batch, places), uniform random numbers in [0, 1).
        available: Boolean tensor (batch, places), where to choose.
        count: int32 tensor (batch, 1), how many; at most those available.

    Returns:
        Boolean tensor (batch, places), `count` of a row are True.
    """
    scores = tf.where(available, scores, -1.0)
    order = tf.argsort(scores, direction="DESCENDING", stable=True)
    return tf.argsort(order) < count  # the rank of each place


def kth_column(marks, count):
    """Returns the column of the first mark of each row, of the second, and so on.

    Args:
        marks: Boolean tensor (batch, time).
        count: How many marks to look for.

    Returns:
        int32 tensor (batch, count); `time` where a row has fewer marks.
    """
    so_far = tf.cumsum(tf.cast(marks, tf.int32), axis=1)
    wanted = tf.range(1, count + 1)
    wanted = tf.broadcast_to(wanted, [tf.shape(marks)[0], count])
    return tf.searchsorted(so_far, wanted)


def compact(values, keep, length, padding):
    """Returns the values to keep, in their order, moved to the left of each row.

    Args:
        values: int32 tensor (batch, time).
        keep: Boolean tensor (batch, time).
        length: Columns of the result; what is beyond is cut.
        padding: Value of the columns that are left over.

    Returns:
        A tuple of int32 tensors: (batch, length), and the number of values
        kept of each row (batch, 1).
    """
    where = kth_column(keep, length)
    found = tf.gather(values, tf.minimum(where, values.shape[1] - 1), batch_dims=1)
    found = tf.where(where < values.shape[1], found, padding)
    count = tf.reduce_sum(tf.cast(keep, tf.int32), axis=1, keepdims=True)
    return tf.ensure_shape(found, [values.shape[0], length]), count
