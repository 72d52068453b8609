import numpy as np
import pytest

from kerassl.data import ArraySource, TokenWindows, train_tokenizer
from kerassl.data.coverage import check_learnable, unknown_share
from kerassl.data.dataset import pretext_dataset
from kerassl.pretext.text import (
    ContextWindow,
    MaskedTokens,
    NextToken,
    NoisyText,
    SpanCorruption,
    TokenMasking,
    Tokens,
)

TEXTS = ["a cat sat on a mat", "a dog sat on a cat"]


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, vocabulary_size=24)


@pytest.fixture(scope="module")
def words():
    return train_tokenizer(TEXTS, "word", min_count=1)


def layer(kind, tokenizer, words):
    if kind is ContextWindow:
        return kind(words, 16)
    extra = {"noises": [TokenMasking(0.5)]} if kind is NoisyText else {}
    return kind(tokenizer, 8, **extra)


KINDS = [ContextWindow, MaskedTokens, NextToken, NoisyText, SpanCorruption, Tokens]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["жжж щщщ", "\u0301", "[PAD]ж"])
def test_a_corpus_without_a_task_is_refused_before_training(
    kind, text, tokenizer, words
):
    pretext = layer(kind, tokenizer, words)
    texts = [text] * 300
    if text == "\u0301" and not kind.__dict__.get("packs_documents"):
        assert not pretext.has_task(texts)
    with pytest.raises(ValueError, match="nothing to learn from|to make a window"):
        pretext_dataset(ArraySource(texts), pretext, batch_size=2)


@pytest.mark.parametrize("kind", KINDS)
def test_one_example_with_a_task_is_enough(kind, tokenizer, words):
    texts = ["жжж щщщ"] * 300 + TEXTS * 9 + ["жжж щщщ"] * 300
    pretext_dataset(ArraySource(texts), layer(kind, tokenizer, words), batch_size=2)


def test_words_need_a_neighbour(words):
    pretext = ContextWindow(words, 16)
    lonely = ["cat", "a", "dog, ж!", "ж cat ж"] * 30
    with pytest.raises(ValueError, match="two words .* beside the other"):
        pretext_dataset(ArraySource(lonely), pretext, batch_size=1)
    pretext_dataset(ArraySource(["a cat", *lonely]), pretext, batch_size=1)


def test_spans_need_two_tokens(tokenizer):
    pretext = SpanCorruption(tokenizer, 8)
    with pytest.raises(ValueError, match="two tokens"):
        pretext_dataset(ArraySource(["a"] * 9), pretext, batch_size=1)


def test_windows_and_layers_of_other_kinds(tokenizer):
    pretext = NextToken(tokenizer, 4)
    unknown, known = tokenizer.token_to_id("[UNK]"), tokenizer.token_to_id("a")
    source = TokenWindows([np.full(50, unknown)], [np.array([0])], 4)
    with pytest.raises(ValueError, match="in 12 windows: NextToken needs"):
        check_learnable(source, pretext)
    mixed = np.array([unknown] * 50 + [known] * 9)
    check_learnable(TokenWindows([mixed], [np.array([0])], 4), pretext)
    check_learnable(source, object())


def test_the_share_of_unknown_tokens(tokenizer):
    source = ArraySource(["a ж", "ж", "a a", "ж ж"] * 500)
    assert unknown_share(source, tokenizer) == pytest.approx(4 / 7, abs=0.03)
    assert unknown_share(ArraySource(["\u0301"]), tokenizer) == 1.0
    spelling = train_tokenizer(TEXTS, "bpe", 260)
    assert unknown_share(source, spelling, examples=5) == 0.0
