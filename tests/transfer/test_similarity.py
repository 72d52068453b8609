import keras_hub
import numpy as np
import pytest
from scipy.stats import spearmanr

from kerassl.errors import UserError
from kerassl.models import SimCSE
from kerassl.pretext.text import MaskedTokens, Tokens
from kerassl.tokenizers import train_tokenizer
from kerassl.transfer.similarity import sentence_similarity

WORDS = "red green blue old new cat dog bird house tree".split()


@pytest.fixture(scope="module")
def parts():
    """Returns (encoder, tokenizer, pairs) of sentences of unlike lengths."""
    texts = [" ".join(WORDS[i % 10 : i % 10 + i % 3 + 1]) for i in range(40)]
    tokenizer = train_tokenizer(texts, vocabulary_size=40)
    encoder = keras_hub.models.BertBackbone(
        40, 1, 2, 8, 16, max_sequence_length=64, dropout=0.0
    )
    # As they are drawn, all cosines are near to 1, and to each other.
    rng = np.random.default_rng(0)
    for weight in encoder.weights:
        if len(weight.shape) > 1:
            weight.assign(rng.normal(0, 1, weight.shape))
    long = " ".join(WORDS)  # crosses the step of padded lengths
    pairs = [
        pair for pair in zip(texts[:20], texts[20:], strict=True) if len({*pair}) > 1
    ]
    # No pair of equals: which of several cosines of 1 is the largest is rounding.
    return encoder, tokenizer, [*pairs, (long, " ".join(WORDS[::-1]))]


def by_hand(encoder, tokenizer, pairs):
    """Cosine of mean vectors, one sentence at a time without any padding."""
    similarities = []
    for pair in pairs:
        vectors = []
        for text in pair:
            ids = [tokenizer.start_token_id, *tokenizer(text), tokenizer.end_token_id]
            ids = np.array([ids], "int32")
            x = {"token_ids": ids, "padding_mask": ids * 0 + 1, "segment_ids": ids * 0}
            vectors.append(np.asarray(encoder(x)["sequence_output"])[0].mean(0))
        a, b = vectors
        similarities.append(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    return np.array(similarities)


def test_equals_the_cosines_by_hand(parts):
    encoder, tokenizer, pairs = parts
    scores = np.random.default_rng(0).normal(size=len(pairs))
    expected = spearmanr(by_hand(encoder, tokenizer, pairs), scores).statistic
    pretext = MaskedTokens(tokenizer, sequence_length=64)
    for prepared_by in (pretext, tokenizer):
        rho = sentence_similarity(encoder, prepared_by, pairs, scores, batch_size=8)
        assert rho == pytest.approx(expected, abs=0.01)


def test_scores_that_agree_and_that_are_reversed(parts):
    encoder, tokenizer, _ = parts
    pairs = [("red cat", "red cat"), ("red cat", "old tree"), ("red cat", "red dog")]
    scores = by_hand(encoder, tokenizer, pairs)
    assert sentence_similarity(encoder, tokenizer, pairs, scores) == 1
    assert sentence_similarity(encoder, tokenizer, pairs, -scores) == -1


def test_a_pooler_of_its_own_is_taken_as_it_is(parts):
    encoder, tokenizer, pairs = parts
    task = SimCSE(encoder, Tokens(tokenizer, sequence_length=64), pooler="cls")
    scores = np.random.default_rng(0).normal(size=len(pairs))
    sides = [
        task.sentence_encoder().predict(task.pretext.prepare(list(side)), verbose=0)
        for side in zip(*pairs, strict=True)
    ]
    a, b = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides)
    expected = spearmanr((a * b).sum(1), scores).statistic
    rho = sentence_similarity(task.sentence_encoder(), task.pretext, pairs, scores)
    assert rho == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    "pairs, scores", [([("a", "b")], [1]), ([("a", "b")] * 3, [1])]
)
def test_lengths_that_do_not_fit(parts, pairs, scores):
    encoder, tokenizer, _ = parts
    with pytest.raises(ValueError, match="`pairs` and `scores`"):
        sentence_similarity(encoder, tokenizer, pairs, scores)


@pytest.mark.parametrize(
    "scores, message",
    [
        ([1, 1, 1], "`scores` must differ between pairs.*1 for all 3"),
        ([1, float("nan"), 2], "`scores` must be finite"),
        ([1, float("inf"), 2], "`scores` must be finite"),
        (["a", "b", "c"], "`scores` must hold numbers"),
    ],
)
def test_scores_with_which_nothing_correlates(parts, scores, message):
    encoder, tokenizer, _ = parts
    pairs = [("red cat", "red cat"), ("red cat", "old tree"), ("red cat", "red dog")]
    with pytest.raises(UserError, match=message):
        sentence_similarity(encoder, tokenizer, pairs, scores)


def test_sentences_that_are_all_alike(parts):
    encoder, tokenizer, _ = parts
    pairs = [("red cat", "old tree")] * 3
    with pytest.raises(UserError, match="similarities must differ between pairs"):
        sentence_similarity(encoder, tokenizer, pairs, [1, 2, 3])
    with pytest.raises(UserError, match="`pairs` must hold pairs of sentences"):
        sentence_similarity(encoder, tokenizer, ["red cat", "old tree"], [1, 2])
