"""A tokenizer whose tokens are whole words, with their counts."""

import keras
import keras_hub
import numpy as np

from kerassl.errors import InvalidValue
from kerassl.tokenizers.word_pieces import LongWords
from kerassl.tokenizers.words import EUROPEAN


# Not of `BertTokenizer`: KerasHub looks up a backbone's tokenizer among the
# subclasses of one class, and would find this one too.
@keras.saving.register_keras_serializable(package="kerassl")
class WordTokenizer(LongWords, keras_hub.tokenizers.WordPieceTokenizer):
    """Gives every known word one id, and all others that of [UNK].

    Texts are split at white space and around punctuation, as BERT splits
    them, but words are never spelt in pieces. `train_tokenizer(texts, "word")`
    makes one. word2vec needs the counts, to drop frequent words and to draw
    negatives.

    Args:
        vocabulary: List of strings, [PAD] [UNK] [CLS] [SEP] [MASK] first, or
            None where it is loaded later.
        counts: How often each entry was in the training corpus, a list of
            integers; that of [UNK] counts all words without an entry.
        lowercase: Fold case and strip the accents of Latin, Greek and Cyrillic.
        **kwargs: Of `keras_hub.tokenizers.WordPieceTokenizer`.

    Attributes:
        counts: int64 NumPy array (vocabulary_size,).

    Raises:
        ValueError: If vocabulary and counts do not have the same length.

    Example:
        >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "hat"]
        >>> tokenizer = WordTokenizer(words, [0, 1, 0, 0, 0, 2, 1])
        >>> [int(i) for i in tokenizer("A cat hat")]
        [1, 5, 6]
    """

    def __init__(self, vocabulary=None, counts=(), lowercase=True, **kwargs):
        for use, token in (
            ("pad", "[PAD]"),
            ("start", "[CLS]"),
            ("end", "[SEP]"),
            ("mask", "[MASK]"),
        ):
            self._add_special_token(token, f"{use}_token")
        kwargs.setdefault("strip_accents", EUROPEAN if lowercase else False)
        super().__init__(vocabulary, lowercase=lowercase, **kwargs)
        if vocabulary is not None and len(self.vocabulary) != len(counts):
            raise InvalidValue(
                "`counts` must have one number for each entry of `vocabulary`, "
                f"{len(self.vocabulary)}. Received: {len(counts)}"
            )
        self.counts = np.array(counts, np.int64)

    def get_config(self):
        return {**super().get_config(), "counts": self.counts.tolist()}
