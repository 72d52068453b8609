"""Noise on the tokens of a text, to be undone: masks, gaps, other tokens, order."""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from kerassl.checks import check_number
from kerassl.errors import InvalidValue
from kerassl.pretext.base import fold_seed
from kerassl.pretext.text.denoising_rows import compact
from kerassl.tokenizers.vocabulary import ordinary_ids

# A piece that ends so is the last of a sentence.
SENTENCE_ENDS = (".", "!", "?", "。", "！", "？")


class Vocabulary(NamedTuple):
    """What noise has to know of a tokenizer.

    Args:
        pad: Id of the padding token.
        mask: Id of the mask token, or None.
        ordinary: int32 array, ids of the tokens that are not special.
        ends: int32 array, ids of the tokens that end a sentence.
    """

    pad: int
    mask: int | None
    ordinary: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, tokenizer, special):
        """Returns the vocabulary of a tokenizer.

        Args:
            tokenizer: A KerasHub tokenizer.
            special: Dict of the ids of its special tokens by use.
        """
        ends = [
            tokenizer.token_to_id(token)
            for token in tokenizer.get_vocabulary()
            if token.endswith(SENTENCE_ENDS)
        ]
        return cls(
            special["pad"],
            getattr(tokenizer, "mask_token_id", None),
            ordinary_ids(tokenizer, special),
            np.array(ends, np.int32),
        )


class TokenNoise:
    """The base of noise: a pure function of tokens and a seed.

    Call arguments:
        token_ids: int32 tensor (batch, time), texts without special tokens,
            then padding.
        lengths: int32 tensor (batch, 1), numbers of tokens of the texts.
        seed: Integer tensor of shape (2,).
        vocabulary: A `Vocabulary`.

    Returns:
        A tuple `(token_ids, lengths)` of the same shapes. What adds tokens leaves
        a row's last column free where it was: there the end token comes.

    Args:
        rate: Share of the tokens, or of the texts, that meet the noise, in
            [0, 1].

    Attributes:
        masks: Whether it puts the mask token in the place of others.

    Raises:
        ValueError: If `rate` is out of range.
    """

    masks = False

    def __init__(self, rate: float):
        check_number("rate", rate, least=0, most=1)
        self.rate = rate

    def __call__(self, token_ids, lengths, seed, vocabulary):
        raise NotImplementedError(f"{type(self).__name__} must implement `__call__`.")

    def get_config(self):
        """Returns the arguments that make this noise again."""
        return {"rate": self.rate}

    @classmethod
    def from_config(cls, config):
        """Returns the noise that a configuration describes."""
        return cls(**config)

    def _meets(self, token_ids, lengths, seed):
        """Draws a boolean mask (batch, time) of the tokens that meet the noise."""
        random = tf.random.stateless_uniform(static_shape(token_ids), seed)
        return (random < self.rate) & (tf.range(token_ids.shape[1]) < lengths)


@keras.saving.register_keras_serializable(package="kerassl")
class TokenMasking(TokenNoise):
    """Replaces each token by the mask token, with a probability of `rate`.

    Calls are those of `TokenNoise`; the tokenizer must have a mask token.

    Args:
        rate: Share of the tokens, in [0, 1].

    Raises:
        ValueError: If `rate` is out of range, or in a call without mask token.

    Example:
        >>> vocabulary = Vocabulary(0, 4, np.arange(5, 9), np.array([8]))
        >>> ids, lengths = tf.constant([[5, 6, 8, 0]]), tf.constant([[3]])
        >>> noisy, _ = TokenMasking(1.0)(ids, lengths, [0, 1], vocabulary)
        >>> noisy.numpy().tolist()
        [[4, 4, 4, 0]]

    Reference:
        Lewis et al., 2019, section 2.2, https://arxiv.org/abs/1910.13461
    """

    masks = True

    def __init__(self, rate: float = 0.15):
        super().__init__(rate)

    def __call__(self, token_ids, lengths, seed, vocabulary):
        if vocabulary.mask is None:
            raise InvalidValue(
                "`tokenizer` must have a mask token for TokenMasking, such as that of "
                "`kerassl.data.train_tokenizer`. Received one without"
            )
        chosen = self._meets(token_ids, lengths, seed)
        return tf.where(chosen, vocabulary.mask, token_ids), lengths


@keras.saving.register_keras_serializable(package="kerassl")
class TokenDeletion(TokenNoise):
    """Deletes each token with a probability of `rate`; nothing marks the gap.

    Calls are those of `TokenNoise`.

    Args:
        rate: Share of the tokens, in [0, 1].

    Raises:
        ValueError: If `rate` is out of range.

    Example:
        >>> vocabulary = Vocabulary(0, 4, np.arange(5, 9), np.array([8]))
        >>> ids, lengths = tf.constant([[5, 6, 8, 0]]), tf.constant([[3]])
        >>> noisy, lengths = TokenDeletion(1.0)(ids, lengths, [0, 1], vocabulary)
        >>> noisy.numpy().tolist(), lengths.numpy().tolist()
        ([[0, 0, 0, 0]], [[0]])

    Reference:
        Lewis et al., 2019, section 2.2, https://arxiv.org/abs/1910.13461
    """

    def __init__(self, rate: float = 0.15):
        super().__init__(rate)

    def __call__(self, token_ids, lengths, seed, vocabulary):
        is_text = tf.range(token_ids.shape[1]) < lengths
        keep = is_text & ~self._meets(token_ids, lengths, seed)
        return compact(token_ids, keep, token_ids.shape[1], vocabulary.pad)


@keras.saving.register_keras_serializable(package="kerassl")
class TokenReplacement(TokenNoise):
    """Replaces each token by a random ordinary one, with a probability of `rate`.

    Calls are those of `TokenNoise`. A token may happen to be replaced by
    itself.

    Args:
        rate: Share of the tokens, in [0, 1].

    Raises:
        ValueError: If `rate` is out of range.

    Example:
        >>> vocabulary = Vocabulary(0, 4, np.array([7]), np.array([8]))
        >>> ids, lengths = tf.constant([[5, 6, 8, 0]]), tf.constant([[3]])
        >>> noisy, _ = TokenReplacement(1.0)(ids, lengths, [0, 1], vocabulary)
        >>> noisy.numpy().tolist()
        [[7, 7, 7, 0]]

    Reference:
        Raffel et al., 2019, section 3.3.1, https://arxiv.org/abs/1910.10683
    """

    def __init__(self, rate: float = 0.15):
        super().__init__(rate)

    def __call__(self, token_ids, lengths, seed, vocabulary):
        chosen = self._meets(token_ids, lengths, fold_seed(seed, 0))
        drawn = tf.random.stateless_uniform(
            static_shape(token_ids),
            fold_seed(seed, 1),
            maxval=len(vocabulary.ordinary),
            dtype=tf.int32,
        )
        drawn = tf.gather(np.int32(vocabulary.ordinary), drawn)
        return tf.where(chosen, drawn, token_ids), lengths


@keras.saving.register_keras_serializable(package="kerassl")
class SentencePermutation(TokenNoise):
    """Puts the sentences of a text in a random order.

    Calls are those of `TokenNoise`. A sentence ends with a full stop, a
    question mark or an exclamation mark; what follows the last is one too.

    Args:
        rate: Share of the texts, in [0, 1].

    Raises:
        ValueError: If `rate` is out of range.

    Example:
        >>> vocabulary = Vocabulary(0, 4, np.arange(5, 9), np.array([8]))
        >>> ids, lengths = tf.constant([[5, 8, 6, 8, 0]]), tf.constant([[4]])
        >>> noisy, _ = SentencePermutation()(ids, lengths, [0, 2], vocabulary)
        >>> sorted([noisy.numpy().tolist()[0][:2], noisy.numpy().tolist()[0][2:4]])
        [[5, 8], [6, 8]]

    Reference:
        Lewis et al., 2019, section 2.2, https://arxiv.org/abs/1910.13461
    """

    def __init__(self, rate: float = 1.0):
        super().__init__(rate)

    def __call__(self, token_ids, lengths, seed, vocabulary):
        time = token_ids.shape[1]
        size = 1 + max(vocabulary.ordinary.max(), vocabulary.ends.max(initial=0))
        table = np.zeros(size, bool)
        table[vocabulary.ends] = True
        is_end = tf.gather(table, tf.minimum(token_ids, size - 1))
        sentence = tf.cumsum(tf.cast(is_end, tf.int32), axis=1, exclusive=True)
        random = tf.random.stateless_uniform(static_shape(token_ids), seed)
        # A random number for each sentence, as a rank, so that no two are equal.
        rank = tf.argsort(tf.argsort(random[:, :time]))
        place = tf.gather(rank, sentence, batch_dims=1)
        permuted = tf.random.stateless_uniform(
            static_shape(lengths), fold_seed(seed, 1)
        )
        place = tf.where(permuted < self.rate, place, 0)
        place = tf.where(tf.range(time) < lengths, place, time)
        order = tf.argsort(place, stable=True)
        return tf.gather(token_ids, order, batch_dims=1), lengths


def static_shape(tensor) -> list:
    """Returns the rows and columns of a tensor, as numbers where they are known.

    Args:
        tensor: Of two axes, the columns known.
    """
    return [tensor.shape[0] or tf.shape(tensor)[0], tensor.shape[1]]
