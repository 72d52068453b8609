"""BERT's tokenizer for any script: long words are spelt, marks keep their meaning."""

import keras
import keras_hub

from kerassl.tokenizers.word_pieces import LongWords
from kerassl.tokenizers.words import EUROPEAN


@keras.saving.register_keras_serializable(package="kerassl")
class WordPieceTokenizer(LongWords, keras_hub.tokenizers.BertTokenizer):
    """A `keras_hub.tokenizers.BertTokenizer` that keeps other scripts readable.

    It differs in two things. With lower case go the accents of Latin, Greek and
    Cyrillic letters only: BERT's rule would make one word of the Japanese "panda"
    and "bandar", and take the vowels from Thai and Hindi. And a word above 100
    bytes is spelt in parts, where KerasHub makes one unknown token of it.

    Args:
        vocabulary: List of strings, or None where it is loaded later.
        lowercase: Fold case and strip accents.
        **kwargs: Of `keras_hub.tokenizers.BertTokenizer`.

    Example:
        >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##a"]
        >>> len(WordPieceTokenizer(words)("A" * 101))
        101
    """

    # KerasHub looks up a backbone's tokenizer among the subclasses of
    # `BertTokenizer`, and must not find this one too.
    backbone_cls = None

    def __init__(self, vocabulary=None, lowercase=True, **kwargs):
        kwargs.setdefault("strip_accents", EUROPEAN if lowercase else False)
        super().__init__(vocabulary, lowercase=lowercase, **kwargs)
