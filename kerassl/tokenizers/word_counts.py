"""How often words are in a corpus, and which characters they are written with."""

import collections

import numpy as np
import tensorflow as tf

from kerassl.tokenizers.strings import as_strings
from kerassl.tokenizers.words import EUROPEAN, split_words

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def count_words(batches, lowercase: bool) -> dict[str, int]:
    """Returns how often each word is in a corpus, the words in alphabetical order.

    Args:
        batches: Lists of texts, as of `corpus_batches`.
        lowercase: Whether case is folded, and with it the accents of Latin, Greek
            and Cyrillic letters.

    Example:
        >>> count_words([["A cat, a hat"]], lowercase=True)
        {',': 1, 'a': 2, 'cat': 1, 'hat': 1}
    """
    counts = collections.Counter()
    for texts in batches:
        words = split_words(tf.constant(texts), lowercase, lowercase and EUROPEAN)
        words, numbers = np.unique(words.flat_values.numpy(), return_counts=True)
        for word, number in zip(as_strings(words), numbers, strict=True):
            counts[word] += int(number)
    # Case folding turns a few rare signs into ones with a space in them, which
    # a vocabulary file cannot hold. Sorted, so that no later step can depend on
    # the order of a hash.
    return {
        word: number
        for word, number in sorted(counts.items())
        if not any(character.isspace() for character in word)
    }


def alphabet_of(counts, coverage: float) -> set[str]:
    """Returns the most frequent characters that cover a corpus.

    Args:
        counts: As of `count_words`.
        coverage: Share of all characters that they make up together, in (0, 1].

    Example:
        >>> alphabet_of({"aab": 2, "c": 1}, coverage=0.5)
        {'a'}
    """
    characters = collections.Counter()
    for word, number in counts.items():
        for character in word:
            characters[character] += number
    total, seen, alphabet = sum(characters.values()), 0, set()
    for character, number in sorted(characters.items(), key=lambda x: (-x[1], x[0])):
        if seen >= coverage * total:
            break
        alphabet.add(character)
        seen += number
    return alphabet
