"""Byte-level BPE in batches, by the tokenizer of Hugging Face."""

import numpy as np
import tensorflow as tf

from kerassl.tokenizers.strings import as_strings


def is_byte_level(tokenizer) -> bool:
    """Tells whether a KerasHub tokenizer is the byte-level BPE of GPT-2.

    Args:
        tokenizer: A KerasHub tokenizer, or None.
    """
    if tokenizer is None:
        return False
    import keras_hub

    # Not their subclasses: CLIP, Whisper and others split or normalise texts
    # in other ways.
    known = (keras_hub.tokenizers.BytePairTokenizer, keras_hub.tokenizers.GPT2Tokenizer)
    return type(tokenizer) in known


class BytePairEncoder:
    """Encodes texts with the vocabulary and merges of a KerasHub tokenizer.

    Words are split as GPT-2 splits them, and every byte of a text is kept, so
    that detokenising gives the text back. A special token that is written out
    in a text is text like any other.

    KerasHub's own `BytePairTokenizer` is a third as fast in a graph, and
    splits words in another way when it is called eagerly.

    Args:
        tokenizer: A tokenizer for which `is_byte_level` is true. Its
            vocabulary may come later, as when a saved model is loaded.

    Example:
        >>> from kerassl.tokenizers import train_tokenizer
        >>> tokenizer = train_tokenizer(["a cat, a hat"], "bpe", 261)
        >>> BytePairEncoder(tokenizer)(tf.constant(["a hat"])).shape
        TensorShape([1, None])
    """

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self._vocabulary, self._backend = None, None

    def encode(self, texts: list[str]) -> list[np.ndarray]:
        """Returns the token ids of each text.

        Args:
            texts: Strings.

        Returns:
            A list of int32 arrays.
        """
        backend = self._current()
        encodings = backend.encode_batch_fast(texts, add_special_tokens=False)
        return [np.array(encoding.ids, np.int32) for encoding in encodings]

    def __call__(self, texts):
        """Returns the token ids of a batch, in graph.

        Args:
            texts: String tensor (batch,).

        Returns:
            `tf.RaggedTensor` (batch, None), int32.
        """
        ids, lengths = tf.numpy_function(
            self._encode_bytes, [texts], (tf.int32, tf.int64), stateful=False
        )
        ids.set_shape([None])
        lengths.set_shape(texts.shape)
        return tf.RaggedTensor.from_row_lengths(ids, lengths, validate=False)

    def _encode_bytes(self, texts):
        rows = self.encode(as_strings(texts))
        lengths = np.array([len(row) for row in rows], np.int64)
        return np.concatenate([np.empty(0, np.int32), *rows]), lengths

    def _current(self):
        # Another vocabulary may have been set since.
        if self._vocabulary is not self.tokenizer.vocabulary:
            self._backend = fast_byte_pairs(self.tokenizer)
            self._vocabulary = self.tokenizer.vocabulary
        return self._backend


def fast_byte_pairs(tokenizer):
    """Returns a byte-level BPE of KerasHub as a `tokenizers.Tokenizer`."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    merges = [tuple(merge.split(" ")) for merge in tokenizer.merges]
    if merges and merges[0][0] == "#version:":
        merges = merges[1:]
    backend = Tokenizer(models.BPE(vocab=dict(tokenizer.vocabulary), merges=merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=tokenizer.add_prefix_space, use_regex=True
    )
    return backend
