"""A byte n-gram model, which a language model has to beat.

Interpolated with Witten and Bell's weights: after a context h that was followed by
T different bytes in n places,

    p(byte | h) = (count(h, byte) + T * p(byte | h without its first byte)) / (n + T)

and without any context the bytes are equally likely. A context is at most 7 bytes,
so that with the byte after it it fits in 64 bits.

Reference: Chen and Goodman, 1999, An empirical study of smoothing techniques for
language modeling, section 2.4
"""

import numpy as np

# Between texts and before the first; no text holds it.
END = 0


class ByteNGram:
    """Counts the bytes of texts by what stands before them.

    Args:
        texts: List of strings to count in.
        order: Bytes told and known together: 6 tells a byte by the five before.

    Example:
        >>> model = ByteNGram(["abab"] * 20, order=2)
        >>> round(model.bits_per_byte(["abab"]), 2)
        0.54
    """

    def __init__(self, texts, order=6):
        joined = _joined(texts, order)
        self.order = order
        self._grams = [_counted(_codes(joined, n, order)) for n in range(1, order + 1)]
        self._contexts = [_followed(*grams) for grams in self._grams]

    def bits_per_byte(self, texts):
        """Returns the length of a code for texts, their ends included, in bits a byte.

        Args:
            texts: List of strings.
        """
        joined = _joined(texts, self.order)
        share = 1 / 256
        for n, grams, contexts in zip(
            range(1, self.order + 1), self._grams, self._contexts, strict=True
        ):
            codes = _codes(joined, n, self.order)
            (count,) = _looked_up(codes, *grams)
            places, kinds = _looked_up(codes >> np.uint64(8), *contexts)
            seen = places > 0
            mixed = (count + kinds * share) / np.where(seen, places + kinds, 1)
            share = np.where(seen, mixed, share)
        size = sum(len(text.encode("utf-8")) for text in texts)
        return float(-np.log2(share).sum() / size)


def _joined(texts, order):
    """Returns the bytes of texts, an end after each and enough before the first."""
    end = bytes([END])
    coded = b"".join(text.encode("utf-8") + end for text in texts)
    return np.frombuffer(end * (order - 1) + coded, np.uint8)


def _codes(joined, n, order):
    """Returns the n bytes up to each place as one integer, the last lowest."""
    last = len(joined) - order + 1
    codes = np.zeros(last, np.uint64)
    for i in range(order - n, order):
        codes = (codes << np.uint64(8)) | joined[i : i + last].astype(np.uint64)
    return codes


def _counted(codes):
    """Returns (distinct codes, how often each)."""
    return np.unique(codes, return_counts=True)


def _followed(codes, counts):
    """Returns (contexts, places, different bytes that follow), of counted codes."""
    contexts, first = np.unique(codes >> np.uint64(8), return_index=True)
    kinds = np.diff(np.append(first, len(codes)))
    return contexts, np.add.reduceat(counts, first), kinds


def _looked_up(wanted, known, *values):
    """Returns the values of codes, 0 where a code is not known."""
    places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    found = known[places] == wanted
    return [np.where(found, value[places], 0) for value in values]
