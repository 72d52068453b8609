"""Counts of words, and of words next to each other, as sparse matrices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Terms:
    """The words and sequences of words that are counted, each with a column.

    Attributes:
        vocabulary_size: Number of words; sequences are of their numbers.
        keys: For sequences of 1, 2, … words in turn: rising int64 keys.
    """

    vocabulary_size: int
    keys: tuple[np.ndarray, ...]

    @classmethod
    def of(
        cls,
        rows: Sequence[np.ndarray],
        vocabulary_size: int,
        *,
        longest: int = 2,
        min_texts: int = 2,
        most: int = 20_000,
    ) -> "Terms":
        """Returns the terms that occur in texts often enough.

        Args:
            rows: Integer arrays, one for each text: the numbers of its words, from 0
                to below `vocabulary_size`, or -1 for a word that is in no term.
            vocabulary_size: Number of words.
            longest: Words of the longest terms.
            min_texts: Texts that a term must occur in; where that leaves none, all
                are kept.
            most: How many terms of each length are kept, those of most texts.

        Example:
            >>> terms = Terms.of([np.array([0, 1]), np.array([0, 1, 2])], 3)
            >>> terms.counted([np.array([0, 1, 0])]).toarray().tolist()
            [[2.0, 1.0, 1.0]]
        """
        found = []
        for length in range(1, longest + 1):
            keys, owners = _sequences(rows, vocabulary_size, length)
            once = _distinct(owners, keys)
            kinds, texts = np.unique(once[1], return_counts=True)
            kept = texts >= min_texts
            if length == 1 and not kept.any():
                kept[:] = True
            kinds, texts = kinds[kept], texts[kept]
            first = np.argsort(-texts, kind="stable")[:most]
            found.append(np.sort(kinds[first]))
        return cls(vocabulary_size, tuple(found))

    def counted(self, rows: Sequence[np.ndarray]):
        """Returns how often each term is in each text.

        Args:
            rows: As in `of`.

        Returns:
            `scipy.sparse.csr_array` of float32 (texts, terms).
        """
        from scipy.sparse import coo_array

        places, columns, before = [], [], 0
        for length, known in enumerate(self.keys, start=1):
            keys, owners = _sequences(rows, self.vocabulary_size, length)
            column = np.searchsorted(known, keys)
            seen = column < len(known)
            seen[seen] = known[column[seen]] == keys[seen]
            places.append(owners[seen])
            columns.append(column[seen] + before)
            before += len(known)
        pairs = np.concatenate(places), np.concatenate(columns)
        pairs = tuple(part.astype("int32") for part in pairs)
        ones = np.ones(len(pairs[0]), "float32")
        return coo_array((ones, pairs), shape=(len(rows), before)).tocsr()


def _sequences(rows, vocabulary_size, length):
    """Returns the keys of all sequences of so many words, and their texts."""
    flat = np.concatenate([np.empty(0, "int64"), *rows]).astype("int64")
    owners = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    count = max(0, len(flat) - length + 1)
    keys, whole = np.zeros(count, "int64"), np.ones(count, bool)
    for place in range(length):
        word = flat[place : place + count]
        keys = keys * vocabulary_size + word
        whole &= (word >= 0) & (owners[place : place + count] == owners[:count])
    return keys[whole], owners[:count][whole]


def _distinct(owners, keys):
    """Returns owners and keys, each pair of them once."""
    order = np.lexsort((keys, owners))
    owners, keys = owners[order], keys[order]
    new = np.ones(len(keys), bool)
    new[1:] = (owners[1:] != owners[:-1]) | (keys[1:] != keys[:-1])
    return owners[new], keys[new]
