"""The byte n-gram model that language models are set beside."""

import math
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXTS = ["the cat sat", "the dog sat", "a cat", "é"]


@pytest.fixture
def byte_ngram(monkeypatch):
    """Makes `benchmarks` importable, after what is installed."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT)])
    from benchmarks import byte_ngram

    return byte_ngram


def share(counts, context, byte):
    """Returns the formula of the page, by recursion over plain dictionaries."""
    shorter = share(counts, context[1:], byte) if context else 1 / 256
    followers = counts[len(context)].get(context, Counter())
    places, kinds = sum(followers.values()), len(followers)
    if not places:
        return shorter
    return (followers[byte] + kinds * shorter) / (places + kinds)


def counted(texts, order):
    stream = bytes(order - 1) + b"".join(t.encode() + b"\0" for t in texts)
    counts = {n: {} for n in range(order)}
    for at in range(order - 1, len(stream)):
        for n in range(order):
            followers = counts[n].setdefault(stream[at - n : at], Counter())
            followers[stream[at]] += 1
    return counts


def bits(counts, order, texts):
    stream = bytes(order - 1) + b"".join(t.encode() + b"\0" for t in texts)
    places = range(order - 1, len(stream))
    total = sum(
        -math.log2(share(counts, stream[at - order + 1 : at], stream[at]))
        for at in places
    )
    return total / sum(len(t.encode()) for t in texts)


@pytest.mark.parametrize("order", [1, 2, 4, 8])
def test_it_is_the_formula_written_out(byte_ngram, order):
    held = ["the cat", "zebra"]
    model = byte_ngram.ByteNGram(TEXTS, order)
    expected = bits(counted(TEXTS, order), order, held)
    assert model.bits_per_byte(held) == pytest.approx(expected, rel=1e-9)


def test_the_shares_of_all_bytes_add_up_to_one():
    counts = counted(TEXTS, 3)
    for context in (b"th", b"zz", b"\0\0"):
        assert sum(share(counts, context, b) for b in range(256)) == pytest.approx(1)


def test_what_was_counted_is_told_better(byte_ngram):
    model = byte_ngram.ByteNGram(TEXTS * 5, 4)
    assert model.bits_per_byte(["the cat sat"]) < 0.6
    assert model.bits_per_byte(["qqqqqqqqqq"]) > 8
