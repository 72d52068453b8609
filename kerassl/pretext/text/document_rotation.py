"""Document rotation: a text that begins in its middle."""

import keras
import tensorflow as tf

from kerassl.pretext.base import fold_seed
from kerassl.pretext.text.token_noise import TokenNoise


@keras.saving.register_keras_serializable(package="kerassl")
class DocumentRotation(TokenNoise):
    """Rotates a text so that it begins with a token drawn at random (BART).

    What stood before that token follows the last one. Each token is equally likely
    to be the first, the first one too. Calls are those of `TokenNoise`.

    Args:
        rate: Share of the texts, in [0, 1].

    Raises:
        ValueError: If `rate` is out of range.

    Example:
        >>> import numpy as np
        >>> from kerassl.pretext.text.token_noise import Vocabulary
        >>> vocabulary = Vocabulary(0, 4, np.arange(5, 9), np.array([8]))
        >>> ids, lengths = tf.constant([[5, 6, 8, 0]]), tf.constant([[3]])
        >>> noisy, _ = DocumentRotation()(ids, lengths, [0, 2], vocabulary)
        >>> noisy.numpy().tolist() in ([[5, 6, 8, 0]], [[6, 8, 5, 0]], [[8, 5, 6, 0]])
        True

    Reference:
        Lewis et al., 2019, section 2.2, https://arxiv.org/abs/1910.13461
    """

    def __init__(self, rate: float = 1.0):
        super().__init__(rate)

    def __call__(self, token_ids, lengths, seed, vocabulary):
        shape = [tf.shape(lengths)[0], 1]
        place = tf.random.stateless_uniform(shape, fold_seed(seed, 0))
        first = tf.cast(place * tf.cast(lengths, tf.float32), tf.int32)
        # A float32 product may be rounded up to the length itself.
        first = tf.maximum(tf.minimum(first, lengths - 1), 0)
        met = tf.random.stateless_uniform(shape, fold_seed(seed, 1)) < self.rate
        first = tf.where(met, first, 0)
        columns = tf.range(token_ids.shape[1])
        where = (columns + first) % tf.maximum(lengths, 1)
        where = tf.where(columns < lengths, where, columns)
        rotated = tf.gather(token_ids, where, batch_dims=1)
        return tf.ensure_shape(rotated, token_ids.shape), lengths
