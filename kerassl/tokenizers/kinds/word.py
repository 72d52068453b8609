"""Training whole words: the most frequent ones, with their counts."""

from kerassl.errors import InvalidValue
from kerassl.tokenizers.corpus import empty_corpus
from kerassl.tokenizers.word_counts import SPECIAL, count_words
from kerassl.tokenizers.word_tokenizer import WordTokenizer


def train_words(batches, vocabulary_size, lowercase, min_count):
    """Returns a `WordTokenizer` of the most frequent words of a corpus.

    Args:
        batches: Lists of texts, as of `corpus_batches`.
        vocabulary_size: Words, at most, with the special pieces.
        lowercase: Whether case is folded.
        min_count: Rarer words have no entry.

    Raises:
        ValueError: If the texts hold no word, or none so often.

    Example:
        >>> train_words([["a cat, a hat"]], 9, True, min_count=2).counts.tolist()
        [0, 3, 0, 0, 0, 2]
    """
    counts = count_words(batches, lowercase)
    # Punctuation stands alone after splitting and is no word.
    words = [word for word in counts if any(map(str.isalnum, word))]
    if not words:
        raise empty_corpus()
    most = max(counts[word] for word in words)
    if most < min_count:
        raise InvalidValue(
            f"`min_count` must be at most {most}, which the most frequent word of this "
            f"corpus reaches. Received: {min_count}"
        )
    words = [word for word in words if counts[word] >= min_count]
    words = sorted(words, key=lambda word: (-counts[word], word))
    words = words[: vocabulary_size - len(SPECIAL)]
    kept = [counts[word] for word in words]
    unknown = sum(counts.values()) - sum(kept)
    return WordTokenizer([*SPECIAL, *words], [0, unknown, 0, 0, 0, *kept], lowercase)
