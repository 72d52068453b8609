"""How often words are in a corpus, and which characters they are written with."""

import collections

import numpy as np
import tensorflow as tf

from kerassl.tokenizers.words import EUROPEAN, split_words

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def count_words(batches, lowercase: bool) -> dict[str, int]:
    counts = collections.Counter()
    for texts in batches:
        words = split_words(tf.constant(texts), lowercase, lowercase and EUROPEAN)
        words, numbers = np.unique(words.flat_values.numpy(), return_counts=True)
        for word, number in zip(words, numbers, strict=True):
            counts[word.decode("utf-8", "replace")] += int(number)
    # Case folding turns a few rare signs into ones with a space in them, which
    # a vocabulary file cannot hold. Sorted, so that no later step can depend on
    # the order of a hash.
    return {
        word: number
        for word, number in sorted(counts.items())
        if not any(character.isspace() for character in word)
    }


def alphabet_of(counts, coverage: float) -> set[str]:
    """Returns the most frequent characters that cover the corpus."""
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
