"""WordPiece in batches, in which long words are spelt in parts."""

import numpy as np
import tensorflow as tf

from kerassl.tokenizers.words import split_words


class WordPieceEncoder:
    """Encodes texts with the vocabulary and the settings of a KerasHub tokenizer.

    The ids are those of the tokenizer, but for what it would lose: a word above
    100 bytes is spelt in parts, and Unicode spaces are spaces.

    Args:
        tokenizer: A tokenizer for which `is_word_piece` is true. Its
            vocabulary may come later, as when a saved model is loaded.

    Example:
        >>> from kerassl.tokenizers import train_tokenizer
        >>> tokenizer = train_tokenizer(["a cat"], vocabulary_size=12)
        >>> WordPieceEncoder(tokenizer)(tf.constant(["a cat"])).shape
        TensorShape([1, None])
    """

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self._vocabulary, self._backend = None, None

    def __call__(self, texts):
        """Returns the token ids of a batch, eagerly or in graph.

        Args:
            texts: String tensor (batch,).

        Returns:
            `tf.RaggedTensor` (batch, None), int32.
        """
        tokenizer = self.tokenizer
        words = split_words(
            texts, tokenizer.lowercase, tokenizer.strip_accents, tokenizer.split_on_cjk
        )
        return self._current().tokenize(words).merge_dims(-2, -1)

    def _current(self):
        import tensorflow_text as tf_text

        # Another vocabulary may have been set since.
        if self._vocabulary is not self.tokenizer.vocabulary:
            with tf.init_scope():  # not inside the graph that asks first
                self._backend = tf_text.FastWordpieceTokenizer(
                    self.tokenizer.get_vocabulary(),
                    suffix_indicator=self.tokenizer.suffix_indicator,
                    unknown_token=self.tokenizer.oov_token,
                    no_pretokenization=True,
                    token_out_type=tf.int32,
                )
            self._vocabulary = self.tokenizer.vocabulary
        return self._backend


class LongWords:
    """Of a KerasHub WordPiece tokenizer: its ids are those of its encoder.

    A class to inherit from beside one of KerasHub's.
    """

    def tokenize(self, inputs):
        """Returns the token ids of texts, eagerly or in graph.

        Args:
            inputs: A string, a list of strings, or a string tensor of rank 0 or 1.
        """
        if not is_word_piece(self):
            return super().tokenize(inputs)
        with tf.device("cpu"):
            texts = tf.convert_to_tensor(inputs, tf.string)
            rows = _encoder_of(self)(tf.reshape(texts, [-1]))
        if self.sequence_length:
            rows = rows.to_tensor(shape=[None, self.sequence_length])
        if not tf.executing_eagerly():
            return tf.squeeze(rows, 0) if texts.shape.rank == 0 else rows
        rows = rows.numpy() if self.sequence_length else rows.to_list()
        return np.array(rows[0], np.int32) if texts.shape.rank == 0 else rows


def is_word_piece(tokenizer) -> bool:
    """Tells whether a KerasHub tokenizer splits and spells words as BERT does.

    Args:
        tokenizer: A KerasHub tokenizer, or None.
    """
    import keras_hub

    known = keras_hub.tokenizers.WordPieceTokenizer
    return (
        isinstance(tokenizer, known)
        # A class of its own way to tokenise keeps it.
        and type(tokenizer).tokenize in (known.tokenize, LongWords.tokenize)
        and tokenizer.split
        and not tokenizer.special_tokens_in_strings
        and tokenizer.compute_dtype != "string"
    )


def _encoder_of(tokenizer):
    if not hasattr(tokenizer, "_encoder"):
        tokenizer._encoder = WordPieceEncoder(tokenizer)
    return tokenizer._encoder
