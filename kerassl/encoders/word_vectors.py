"""The encoder of word2vec: a table of one vector a word."""

import keras
from keras import layers

from kerassl.allowed import part
from kerassl.checks import check_positive_integers, check_width


@part("encoder")
def word_vectors(
    vocabulary_size: int, dim: int = 100, name: str = "word_vectors", dtype=None
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

    Returns:
        `keras.Model` from `{"token_ids": ..., "padding_mask": ...}`, int
        tensors (batch, time), to vectors (batch, time, dim), zeros at padding.

    Raises:
        ValueError: If a size is below 1.

    Example:
        >>> word_vectors(50, dim=8).output_shape
        (None, None, 8)

    Reference:
        Mikolov et al., 2013, https://arxiv.org/abs/1301.3781
    """
    check_positive_integers(vocabulary_size=vocabulary_size)
    check_width(dim=dim)
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
    return keras.Model(inputs, masked, name=name)
