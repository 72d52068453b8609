"""The words of texts, whatever their script."""

import collections
import re
from collections.abc import Iterable

import numpy as np

# Scripts that put no blanks between words, of which each character is taken for one:
# Thai, Lao, Burmese, Khmer, Japanese and Chinese.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+|[^\w\s]")
_UNSPACED = re.compile(f"[{UNSPACED}]")
_LETTER = re.compile(r"[^\W\d_]")


def words_in(text: str) -> list[str]:
    """Returns the words of a text in lower case, and its marks of punctuation.

    In scripts without blanks between words each character is a word.

    Args:
        text: A string.

    Example:
        >>> words_in("Rome's 7 hills: 罗马!")
        ['rome', "'", 's', '7', 'hills', ':', '罗', '马', '!']
    """
    return _WORD.findall(text.lower())


def is_unspaced(texts: Iterable[str]) -> bool:
    """Tells whether most letters of texts are of scripts without blanks.

    Args:
        texts: Strings.

    Example:
        >>> is_unspaced(["罗马 (Rom)", "七座山"]), is_unspaced(["Rome 罗马"])
        (True, False)
    """
    unspaced = letters = 0
    for text in texts:
        unspaced += len(_UNSPACED.findall(text))
        letters += len(_LETTER.findall(text))
    return 2 * unspaced > letters


def word_rows(texts: Iterable[str], *, min_count: int = 1, most: int | None = None):
    """Returns texts as rows of words' numbers, and the words.

    Args:
        texts: Strings.
        min_count: Words that occur less often are left out.
        most: How many words are kept, the most frequent ones; None for all.

    Returns:
        List with an int32 array for each text, and the list of words, from the most
        frequent to the rarest; word i has the number i.

    Example:
        >>> rows, words = word_rows(["a b a", "c a b"], min_count=2)
        >>> words, [row.tolist() for row in rows]
        (['a', 'b'], [[0, 1, 0], [0, 1]])
    """
    counts, number, rows = collections.Counter(), {}, []
    for text in texts:
        found = words_in(text)
        counts.update(found)
        # As numbers a text takes a tenth of what its words would.
        row = [number.setdefault(word, len(number)) for word in found]
        rows.append(np.array(row, "int32"))
    kept = [word for word, count in counts.items() if count >= min_count]
    words = sorted(kept, key=lambda word: (-counts[word], word))[:most]
    renumbered = np.full(len(number), -1, "int32")
    renumbered[[number[word] for word in words]] = np.arange(len(words))
    rows = [renumbered[row] for row in rows]
    return [row[row >= 0] for row in rows], words


def numbered(texts: Iterable[str], words: list[str]):
    """Returns texts as rows of the numbers that words have, -1 for others.

    Args:
        texts: Strings.
        words: As `word_rows` gives them.

    Example:
        >>> [row.tolist() for row in numbered(["b c a"], ["a", "b"])]
        [[1, -1, 0]]
    """
    number = {word: i for i, word in enumerate(words)}
    return [
        np.array([number.get(word, -1) for word in words_in(text)], "int32")
        for text in texts
    ]
