"""The encoder of word2vec: a table of one vector a word, as it is and weighed."""

import keras
import numpy as np
from keras import layers

from kerassl.allowed import part
from kerassl.checks import check_number, check_positive_integers, check_width
from kerassl.errors import InvalidValue


@part("encoder")
def word_vectors(
    vocabulary_size: int,
    dim: int = 100,
    name: str = "word_vectors",
    dtype=None,
    *,
    word_dropout: float = 0.0,
):
    """Returns a model that looks up one vector for each word.

    A functional model of stock layers, so a file saved from it loads in Keras
    alone. Its layer `"token_embedding"` holds the table.

    Args:
        vocabulary_size: Number of token ids, at least 1.
        dim: Dimension of the vectors, at least 1.
        name: Model name.
        dtype: Dtype policy of the layers, such as `"mixed_bfloat16"`, or None
            for Keras's default.
        word_dropout: Share of the words that are left out in training, in [0, 1).
            It is the noise by which two passes over a sentence differ, as
            `kerassl.models.SimCSE` needs.

    Returns:
        `keras.Model` from `{"token_ids": ..., "padding_mask": ...}`, int
        tensors (batch, time), to vectors (batch, time, dim), zeros at padding.

    Raises:
        ValueError: If a size is below 1, or `word_dropout` is not in [0, 1).

    Example:
        >>> word_vectors(50, dim=8).output_shape
        (None, None, 8)

    Reference:
        Mikolov et al., 2013, https://arxiv.org/abs/1301.3781
    """
    check_positive_integers(vocabulary_size=vocabulary_size)
    check_width(dim=dim)
    check_number("word_dropout", word_dropout, least=0, below=1)
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    padding_mask = keras.Input((None,), dtype="int32", name="padding_mask")
    vectors = layers.Embedding(
        vocabulary_size,
        dim,
        # As in the authors' tool.
        embeddings_initializer=keras.initializers.RandomUniform(-0.5 / dim, 0.5 / dim),
        dtype=dtype,
        name="token_embedding",
    )(token_ids)
    mask = layers.Reshape([-1, 1], dtype=dtype, name="mask")(padding_mask)
    inputs = {"token_ids": token_ids, "padding_mask": padding_mask}
    masked = layers.Multiply(dtype=dtype, name="masked")([vectors, mask])
    if word_dropout:
        # One draw for all of a word's vector.
        masked = layers.Dropout(
            word_dropout, noise_shape=(None, None, 1), dtype=dtype, name="word_dropout"
        )(masked)
    return keras.Model(inputs, masked, name=name)


def weighted_words(encoder, counts, smoothing: float = 1e-3, word_dropout: float = 0.0):
    """Returns word vectors of which frequent ones are made short (SIF).

    A word whose share of the text is p is weighed by a / (a + p), where a is
    `smoothing`, so that the mean of a sentence's vectors tells what it is about. The
    weights are in the table of the new model, which shares nothing with the encoder.

    Args:
        encoder: A model that `word_vectors` gave, such as a trained `SkipGram` has.
        counts: How often each token id is in the text, (vocabulary_size,), 0 or more,
            such as a word tokenizer's `counts`. Ids that count 0 get the vector 0.
        smoothing: a above, above 0, a share of the text: 0.001 to 0.0001 are usual.
        word_dropout: As in `word_vectors`.

    Returns:
        `keras.Model` as `word_vectors` gives.

    Raises:
        ValueError: If the encoder is of another kind, there is not one count for each
            of its ids or none is above 0, or a number is out of range.

    Example:
        >>> encoder = word_vectors(4, dim=2)
        >>> weighted = weighted_words(encoder, [0, 999, 1, 0], smoothing=1e-3)
        >>> table = encoder.get_layer("token_embedding").get_weights()[0]
        >>> shorter = weighted.get_layer("token_embedding").get_weights()[0] / table
        >>> [round(float(each), 3) for each in shorter[:, 0]]
        [0.0, 0.001, 0.5, 0.0]

    Reference:
        Arora et al., 2017, https://openreview.net/forum?id=SyK00v5xx
    """
    check_number("smoothing", smoothing, above=0)
    tables = [e for e in encoder.layers if isinstance(e, layers.Embedding)]
    if len(tables) != 1:
        raise InvalidValue(
            "`encoder` must look up one table of vectors, as `word_vectors` does. "
            f"Received: {encoder.name!r} with {len(tables)} embeddings"
        )
    (table,) = tables[0].get_weights()
    counts = np.asarray(counts, "float64")
    if counts.shape != table.shape[:1] or not counts.min() >= 0 or not counts.sum():
        raise InvalidValue(
            f"`counts` must be {len(table)} numbers, one for each token id, 0 or more "
            f"and not all 0. Received shape: {counts.shape}"
        )
    share = counts / counts.sum()
    weights = np.where(counts > 0, smoothing / (smoothing + share), 0.0)
    weighted = word_vectors(*table.shape, word_dropout=word_dropout)
    weighted.get_layer("token_embedding").set_weights([weights[:, None] * table])
    return weighted
