"""A language model by counting bytes: interpolated modified Kneser-Ney."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerassl.checks import check_integer

# No byte of UTF-8, so it can stand for the beginning and the end of a text.
EDGE = 0xFF
SYMBOLS = 256
# An n-gram is a number of 64 bits.
MOST_ORDER = 8
# Where counts are too few to estimate discounts; and what they are at least, so that
# what was not seen keeps some probability.
USUAL_DISCOUNT, LEAST_DISCOUNT = 0.5, 0.1
# Bytes of texts that are told together.
CHUNK = 1 << 20


class ByteNgrams:
    """Tells each byte of a text by the bytes before it, from counts alone.

    The probability of a byte after the last n - 1 is its discounted share there, and
    what the discounts leave is shared out as after the last n - 2, down to 1 / 256
    each. Shorter contexts count in how many different contexts a byte was seen
    rather than how often. Three discounts, for what was seen once, twice and more
    often, are estimated at each length from how many n-grams were seen 1 to 4 times.

    The end of a text is told too, as one more byte, so that the bits are the length
    of a code for the text. No context reaches across texts.

    Args:
        texts: Strings to count.
        order: Length of the longest n-grams in bytes, from 1 to 8.

    Raises:
        ValueError: If `order` is out of range.

    Example:
        >>> model = ByteNgrams(["abcabcabc"] * 9, order=3)
        >>> bits = model.bits(["abc", "cab", ""])
        >>> bool(bits[0] < 3 < bits[1])
        True

    Reference:
        Chen & Goodman, 1999, An Empirical Study of Smoothing Techniques for Language
        Modeling, section 3, https://doi.org/10.1006/csla.1999.0128
    """

    def __init__(self, texts: Sequence[str], order: int = 6):
        check_integer("order", order, least=1, most=MOST_ORDER)
        self.order = order
        ngrams, _ = _ngrams(texts, order)
        types, counts = np.unique(ngrams, return_counts=True)
        self._levels = [_Level.of(types, counts)]
        for length in range(order - 1, 0, -1):
            # Each type of the longer n-grams is one context of its ending.
            types, counts = np.unique(_last(types, length), return_counts=True)
            self._levels.insert(0, _Level.of(types, counts))

    def bits(self, texts: Sequence[str]) -> np.ndarray:
        """Returns the bits that tell each text with its end, float64 (texts,).

        Args:
            texts: Strings.
        """
        found, begin = np.zeros(len(texts)), 0
        sizes = np.cumsum([len(text) for text in texts])
        while begin < len(texts):
            done = sizes[begin - 1] if begin else 0
            end = max(begin + 1, int(np.searchsorted(sizes, done + CHUNK, "right")))
            ngrams, owners = _ngrams(texts[begin:end], self.order)
            told = -np.log2(self.probabilities(ngrams))
            found[begin:end] = np.bincount(owners, told, minlength=end - begin)
            begin = end
        return found

    def probabilities(self, ngrams: np.ndarray) -> np.ndarray:
        """Returns the probability of the last byte of n-grams after their others.

        Args:
            ngrams: uint64 array, each `order` bytes, the first the highest.

        Returns:
            Float64 array; over all 256 last bytes of a context they sum to 1.
        """
        told = np.full(len(ngrams), 1 / SYMBOLS)
        for length, level in enumerate(self._levels, start=1):
            told = level.interpolated(_last(ngrams, length), told)
        return told


@dataclass(frozen=True)
class _Level:
    """The n-grams of one length.

    Attributes:
        types: uint64, those that were seen, rising.
        kept: Their counts less their discounts.
        contexts: uint64, those without their last bytes, rising.
        totals: The counts of all bytes after each context.
        spared: The discounts taken off them.
    """

    types: np.ndarray
    kept: np.ndarray
    contexts: np.ndarray
    totals: np.ndarray
    spared: np.ndarray

    @classmethod
    def of(cls, types, counts):
        discounts = _discounts(counts)[np.minimum(counts, 3)]
        # Types rise, so those of one context lie together.
        contexts, starts = np.unique(types >> np.uint64(8), return_index=True)
        if not len(types):
            return cls(types, counts, contexts, counts, counts)
        totals = np.add.reduceat(counts, starts)
        spared = np.add.reduceat(discounts, starts)
        return cls(types, counts - discounts, contexts, totals, spared)

    def interpolated(self, ngrams, shorter):
        """Returns probabilities from those after contexts of a byte less."""
        row, seen = _places(self.types, ngrams)
        kept = np.where(seen, self.kept[row], 0.0) if len(self.kept) else 0.0
        row, seen = _places(self.contexts, ngrams >> np.uint64(8))
        if not seen.any():
            return shorter
        mixed = (kept + self.spared[row] * shorter) / self.totals[row]
        return np.where(seen, mixed, shorter)


def _discounts(counts):
    """Returns what is taken off counts of 0, 1, 2 and 3 or more."""
    once, twice, thrice, four = (np.count_nonzero(counts == n) for n in (1, 2, 3, 4))
    if not once * twice * thrice * four:
        return np.array([0.0, *[USUAL_DISCOUNT] * 3])
    share = once / (once + 2 * twice)
    found = [
        1 - 2 * share * twice / once,
        2 - 3 * share * thrice / twice,
        3 - 4 * share * four / thrice,
    ]
    return np.array([0.0, *np.clip(found, LEAST_DISCOUNT, [1, 2, 3])])


def _places(values, wanted):
    """Returns where rising values hold what is wanted, and whether they do."""
    if not len(values):
        return np.zeros(len(wanted), int), np.zeros(len(wanted), bool)
    row = np.minimum(np.searchsorted(values, wanted), len(values) - 1)
    return row, values[row] == wanted


def _last(ngrams, length):
    """Returns the last bytes of n-grams, so many of each."""
    return ngrams & np.uint64((1 << (8 * length)) - 1)


def _ngrams(texts, order):
    """Returns the n-gram that ends at each byte of texts and at each end.

    Returns:
        uint64 array, and the number of the text of each.
    """
    before = bytes([EDGE]) * (order - 1)
    parts = [before + text.encode("utf-8") + bytes([EDGE]) for text in texts]
    symbols = np.frombuffer(b"".join([*parts, before]), np.uint8)
    count = max(0, len(symbols) - order + 1)
    ngrams = np.zeros(count, np.uint64)
    for place in range(order):
        ngrams = (ngrams << np.uint64(8)) | symbols[place : place + count]
    sizes = np.array([len(part) for part in parts], int)
    owners = np.repeat(np.arange(len(parts), dtype="int32"), sizes)
    # The last ones of a text end in what stands before the next.
    asked = np.ones(len(owners), bool)
    for place in range(1, order):
        asked[np.cumsum(sizes) - place] = False
    return ngrams[: len(owners)][asked], owners[asked]
