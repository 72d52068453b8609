"""The byte n-gram model, beside the same in plain Python."""

import collections
import math

import numpy as np
import pytest

from kerassl.transfer.inputs.byte_ngrams import EDGE, ByteNgrams

TEXTS = ["the cat sat on the mat", "the hat", "", "中文 the", "a cat, a hat, a bat"] * 3


class Slow:
    """Interpolated modified Kneser-Ney by dictionaries, a byte at a time."""

    def __init__(self, texts, order):
        self.order = order
        seen = collections.Counter()
        for text in texts:
            row = self.framed(text)
            seen.update(row[i - order + 1 : i + 1] for i in range(order - 1, len(row)))
        self.counts = {order: seen}
        for n in range(order - 1, 0, -1):
            self.counts[n] = collections.Counter(g[1:] for g in self.counts[n + 1])
        self.discounts = {n: self.discount(c) for n, c in self.counts.items()}

    def framed(self, text):
        return bytes([EDGE] * (self.order - 1)) + text.encode() + bytes([EDGE])

    def discount(self, counts):
        n1, n2, n3, n4 = (sum(c == k for c in counts.values()) for k in (1, 2, 3, 4))
        if 0 in (n1, n2, n3, n4):
            return [0.0, 0.5, 0.5, 0.5]
        y = n1 / (n1 + 2 * n2)
        raw = 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3
        return [0.0, *(min(max(d, 0.1), i) for i, d in enumerate(raw, 1))]

    def probability(self, ngram):
        if not ngram:
            return 1 / 256
        lower = self.probability(ngram[1:])
        counts, context = self.counts[len(ngram)], ngram[:-1]
        after = {g: c for g, c in counts.items() if g[:-1] == context}
        if not after:
            return lower
        discount = self.discounts[len(ngram)]
        spared = sum(discount[min(c, 3)] for c in after.values())
        own = after.get(ngram, 0)
        kept = own - discount[min(own, 3)]
        return (kept + spared * lower) / sum(after.values())

    def bits(self, text):
        row, n = self.framed(text), self.order
        return -sum(
            math.log2(self.probability(row[i - n + 1 : i + 1]))
            for i in range(n - 1, len(row))
        )


@pytest.mark.parametrize("order", [1, 2, 3, 6, 8])
def test_bits_are_those_of_the_plain_model(order):
    told = ["the cat", "", "a rat ßé", TEXTS[0]]
    slow = Slow(TEXTS, order)
    found = ByteNgrams(TEXTS, order).bits(told)
    np.testing.assert_allclose(found, [slow.bits(text) for text in told], rtol=1e-10)


def test_estimated_discounts_are_those_of_the_plain_model():
    # Enough of all counts that discounts are estimated at every length.
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("aabcdefg "), 60)) for _ in range(30)]
    slow = Slow(texts, 3)
    assert slow.discounts[3] != [0.0, 0.5, 0.5, 0.5]
    found = ByteNgrams(texts, 3).bits(["abc gag", "xyz"])
    np.testing.assert_allclose(found, [slow.bits("abc gag"), slow.bits("xyz")])


@pytest.mark.parametrize("texts", [TEXTS, ["a"], [""], []])
@pytest.mark.parametrize("order", [1, 4])
def test_probabilities_sum_to_one(texts, order):
    model = ByteNgrams(texts, order)
    for context in (b"the", b"\xff\xff\xff", b"qqq", b" ca"):
        ngrams = [
            int.from_bytes(context[4 - order :] + bytes([last])) for last in range(256)
        ]
        told = model.probabilities(np.array(ngrams, np.uint64))
        assert told.min() > 0
        assert told.sum() == pytest.approx(1, abs=1e-12)


def test_without_texts_each_byte_is_eight_bits():
    assert ByteNgrams([], 6).bits(["abc", ""]).tolist() == [32.0, 8.0]


def test_texts_are_told_by_themselves(monkeypatch):
    model, name = ByteNgrams(TEXTS, 5), "kerassl.transfer.inputs.byte_ngrams.CHUNK"
    whole = model.bits(TEXTS)
    for size in (1, 30):
        monkeypatch.setattr(name, size)
        np.testing.assert_array_equal(model.bits(TEXTS), whole)
    np.testing.assert_allclose(model.bits(TEXTS[::-1]), whole[::-1])
    assert model.bits([]).shape == (0,)


def test_what_was_seen_is_told_in_few_bits():
    text = "It was the best of times, it was the worst of times. "
    bits = ByteNgrams([text * 20], 6).bits([text * 20, text[::-1] * 20])
    # The beginning costs most: of each byte in the middle a fraction is left.
    assert bits[0] / (20 * len(text)) < 0.4 < 5 < bits[1] / (20 * len(text))


@pytest.mark.parametrize("order", [0, 9, 2.5])
def test_other_orders_are_refused(order):
    with pytest.raises(ValueError, match="`order`"):
        ByteNgrams(TEXTS, order)
