"""Unigram and bigram models of tokens, which need no network."""

import numpy as np


class TokenCounts:
    """Tells a token by how often it stood anywhere, or after the token before it.

    Both are smoothed by Witten and Bell's rule: what was never seen has the weight of
    how many different tokens were. With n(b, t) how often t stood after b, n(b) the
    sum over t and k(b) how many different t there are:

        p(t | b) = (n(b, t) + k(b) p(t)) / (n(b) + k(b))

    and p(t) is the same over all tokens, with a uniform model below it.

    Args:
        before: Integer array (tokens,), the token before each.
        tokens: Integer array (tokens,).
        vocabulary_size: Tokens that there may be.

    Example:
        >>> counts = TokenCounts([1, 1, 2], [3, 3, 0], vocabulary_size=4)
        >>> counts.guess([1, 2, 0]).tolist()
        [3, 0, 3]
        >>> [round(float(nats), 2) for nats in counts.unigram_nats([3, 1])]
        [0.69, 2.3]

    Reference:
        Witten and Bell, 1991, The zero-frequency problem,
        https://doi.org/10.1109/18.87000
    """

    def __init__(self, before, tokens, vocabulary_size: int):
        before, tokens = np.asarray(before, np.int64), np.asarray(tokens, np.int64)
        self._size = vocabulary_size
        seen = np.bincount(tokens, minlength=vocabulary_size)
        kinds = np.count_nonzero(seen)
        self._unigram = (seen + kinds / vocabulary_size) / (seen.sum() + kinds)
        # Sorted by the token before, then by the token.
        self._pairs, self._counts = np.unique(
            before * vocabulary_size + tokens, return_counts=True
        )
        first = self._pairs // vocabulary_size
        self._total = np.bincount(first, self._counts, vocabulary_size)
        self._kinds = np.bincount(first, minlength=vocabulary_size)
        self._best = self._likeliest(first)

    def unigram_nats(self, tokens) -> np.ndarray:
        """Returns minus the logarithm of p(t) for each token."""
        return -np.log(self._unigram[np.asarray(tokens)])

    def bigram_nats(self, before, tokens) -> np.ndarray:
        """Returns minus the logarithm of p(t | b) for each token."""
        before, tokens = np.asarray(before, np.int64), np.asarray(tokens, np.int64)
        pairs = before * self._size + tokens
        places = np.searchsorted(self._pairs, pairs) % len(self._pairs)
        counts = np.where(self._pairs[places] == pairs, self._counts[places], 0)
        return -np.log(self._smoothed(counts, before, tokens))

    def unigram_guess(self, before) -> np.ndarray:
        """Returns the most frequent token, for each of `before`."""
        return np.full(len(before), self._unigram.argmax())

    def guess(self, before) -> np.ndarray:
        """Returns the likeliest token after each of `before`."""
        return self._best[np.asarray(before)]

    def _smoothed(self, counts, before, tokens):
        total, kinds = self._total[before], self._kinds[before]
        below = self._unigram[tokens]
        seen = total > 0
        whole = np.where(seen, total + kinds, 1)
        return np.where(seen, (counts + kinds * below) / whole, below)

    def _likeliest(self, first):
        """Returns the likeliest token after each: a seen one, or the most frequent."""
        best = np.full(self._size, self._unigram.argmax())
        highest = self._smoothed(0, np.arange(self._size), best)
        second = self._pairs % self._size
        shares = self._smoothed(self._counts, first, second)
        for place in np.argsort(shares, kind="stable"):
            if shares[place] >= highest[first[place]]:
                best[first[place]] = second[place]
                highest[first[place]] = shares[place]
        return best
