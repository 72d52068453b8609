"""Text infilling: spans of any length, each behind a single mask token."""

import keras
import numpy as np
import tensorflow as tf

from kerassl.checks import check_number
from kerassl.errors import InvalidValue
from kerassl.pretext.base import fold_seed
from kerassl.pretext.text.denoising_rows import choose
from kerassl.pretext.text.token_noise import TokenNoise, static_shape


@keras.saving.register_keras_serializable(package="kerassl")
class TextInfilling(TokenNoise):
    """Replaces spans of tokens by one mask token each (BART).

    The spans' lengths are drawn from a Poisson distribution until they hold
    ceil(rate * n) of a text's n tokens; the last is cut to hold exactly so many. A
    span of length 0 puts a mask between two tokens. Every order of the spans, and
    every way to place them among the tokens that stay, is equally likely; two may
    lie side by side. A model so has to tell how many tokens a mask stands for. The
    first and the last token are hidden less often than those within, since fewer
    spans reach them.

    (The authors' code lets spans overlap, which then hide fewer tokens, and masks
    whole words. Theirs is a mean of 3 in the paper.)

    Calls are those of `TokenNoise`; the tokenizer must have a mask token. Masks for
    spans of length 0 that do not fit in a row are left out: of a full row's, only
    where the spans are hardly longer than 1.

    Args:
        rate: Share of the tokens that are hidden, in [0, 1].
        mean_span_length: Mean of the Poisson distribution in tokens, in [1, 100];
            lambda in the paper.

    Raises:
        ValueError: If an argument is out of range, or in a call without mask token.
        TypeError: If an argument is no number.

    Example:
        >>> from kerassl.pretext.text.token_noise import Vocabulary
        >>> vocabulary = Vocabulary(0, 4, np.arange(5, 9), np.array([8]))
        >>> ids, lengths = tf.constant([[5, 6, 7, 8, 5, 0]]), tf.constant([[5]])
        >>> noise = TextInfilling(rate=1.0, mean_span_length=90.0)
        >>> noisy, lengths = noise(ids, lengths, [0, 1], vocabulary)
        >>> noisy.numpy().tolist(), lengths.numpy().tolist()
        ([[4, 0, 0, 0, 0, 0]], [[1]])

    Reference:
        Lewis et al., 2019, section 2.2, https://arxiv.org/abs/1910.13461
    """

    masks = True

    def __init__(self, rate: float = 0.3, mean_span_length: float = 3.0):
        super().__init__(rate)
        check_number("mean_span_length", mean_span_length, least=1, most=100)
        self.mean_span_length = mean_span_length

    def __call__(self, token_ids, lengths, seed, vocabulary):
        if vocabulary.mask is None:
            raise InvalidValue(
                "`tokenizer` must have a mask token for TextInfilling, such as that of "
                "`kerassl.data.train_tokenizer`. Received one without"
            )
        rows, time = static_shape(token_ids)
        hidden = tf.gather(hidden_counts(time, self.rate), lengths)  # (batch, 1)
        spans, used = self._spans(rows, time, hidden, fold_seed(seed, 0))
        used = _that_fit(spans, used, tf.maximum(time - 1, lengths), lengths - hidden)
        count = tf.reduce_sum(tf.cast(used, tf.int32), 1, keepdims=True)
        left = lengths - hidden + count
        # Masks and tokens in a row: which of the places are masks?
        columns = tf.range(time)
        scores = tf.random.stateless_uniform([rows, time], fold_seed(seed, 1))
        masks = choose(scores, columns < left, count)
        before = tf.cumsum(tf.cast(masks, tf.int32), axis=1)  # masks up to each place
        eaten = _eaten(spans, used, fold_seed(seed, 2))
        where = columns - before + tf.gather(eaten, before, batch_dims=1)
        found = tf.gather(token_ids, tf.clip_by_value(where, 0, time - 1), batch_dims=1)
        found = tf.where(masks, vocabulary.mask, found)
        found = tf.where(columns < left, found, vocabulary.pad)
        return tf.ensure_shape(found, token_ids.shape), left

    def get_config(self):
        return {**super().get_config(), "mean_span_length": self.mean_span_length}

    def _spans(self, rows, time, hidden, seed):
        """Draws spans until they hold what is to be hidden.

        Returns:
            A tuple of tensors (batch, draws): int32 lengths, the last one cut, and
            bool, which of them are used.
        """
        # Twice the tokens: the mean is 1 or more, so they do not run out.
        draws = 2 * time + 16
        random = tf.random.stateless_uniform([rows, draws], seed)
        table = poisson_table(self.mean_span_length)
        spans = tf.searchsorted(table, tf.reshape(random, [-1]), side="right")
        spans = tf.reshape(spans, [rows, draws])
        held = tf.cumsum(spans, axis=1, exclusive=True)
        # Should they ever run out, the last holds the rest.
        spans = tf.where(tf.range(draws) < draws - 1, spans, time)
        return tf.minimum(spans, hidden - held), held < hidden


def hidden_counts(time: int, rate: float):
    """Returns how many tokens of a text are hidden, for each length up to `time`.

    Args:
        time: The longest length.
        rate: Share of the tokens, in [0, 1].

    Returns:
        int32 array (time + 1,).

    Example:
        >>> hidden_counts(4, 0.3).tolist()
        [0, 1, 1, 1, 2]
    """
    # Rounded first: 0.3 * 10 is a little above 3.
    return np.ceil(np.round(np.arange(time + 1) * rate, 6)).astype("int32")


def poisson_table(mean: float):
    """Returns the probabilities that a Poisson number is at most 0, 1, 2, ...

    Args:
        mean: Of the distribution.

    Returns:
        float32 array, up to where all but 1e-7 of the probability lies.
    """
    from scipy import stats

    most = int(stats.poisson.ppf(1 - 1e-7, mean))
    return stats.poisson.cdf(np.arange(most), mean).astype("float32")


def _that_fit(spans, used, room, kept):
    """Returns which spans are used, those of length 0 as far as there is room."""
    empty = used & (spans == 0)
    full = tf.reduce_sum(tf.cast(used & ~empty, tf.int32), 1, keepdims=True)
    number = tf.cumsum(tf.cast(empty, tf.int32), axis=1)
    return used & (~empty | (number <= room - kept - full))


def _eaten(spans, used, seed):
    """Returns how many tokens the first spans hold together, in a random order.

    Drawn one after the other, the last was cut: in this order the text's last
    would always be the short one.

    Returns:
        int32 tensor (batch, draws + 1): those of no span, of one, of two, ...
    """
    random = tf.random.stateless_uniform(tf.shape(spans), seed)
    order = tf.argsort(tf.where(used, random, 2.0))
    sizes = tf.gather(tf.where(used, spans, 0), order, batch_dims=1)
    return tf.pad(tf.cumsum(sizes, axis=1), [[0, 0], [1, 0]])
