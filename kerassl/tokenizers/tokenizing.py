"""One way to tokenise for every kind of tokenizer: in batches, eagerly and in graph."""

import functools

import tensorflow as tf

from kerassl.tokenizers.byte_pairs import BytePairEncoder, is_byte_level
from kerassl.tokenizers.word_pieces import WordPieceEncoder, is_word_piece


def tokenize_function(tokenizer):
    """Returns a function from a string tensor (batch,) to ragged token ids.

    It gives the same ids eagerly and in a graph, in batches.

    Args:
        tokenizer: A KerasHub tokenizer, or None.
    """
    if is_byte_level(tokenizer):
        return BytePairEncoder(tokenizer)
    if is_word_piece(tokenizer):
        return WordPieceEncoder(tokenizer)
    # KerasHub tokenises eager strings one by one in Python; a graph gives
    # the same ids as Dataset.map does, and in batches.
    graph = tf.function(lambda texts: tokenizer(texts))
    return functools.partial(_tokenize_words, graph)


def _tokenize_words(graph, texts):
    # Unicode spaces are not space to all tokenizers of KerasHub.
    return tf.cast(graph(tf.strings.regex_replace(texts, r"\p{Z}", " ")), tf.int32)
