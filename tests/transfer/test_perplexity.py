import json

import keras_hub
import numpy as np
import pytest
from scipy import stats

from kerassl import encoders, models, pretext
from kerassl.data import ArraySource
from kerassl.models import CausalLM
from kerassl.pretext import NextToken
from kerassl.tokenizers import train_tokenizer
from kerassl.transfer import Perplexity, PerplexityResult, perplexity
from kerassl.transfer.inputs.byte_ngrams import ByteNgrams
from kerassl.transfer.perplexity import drawn_texts, some_texts

TEXTS = ["the cat sees a red house", "", "a dog hears 中文", "the end"]


@pytest.fixture(scope="module")
def task():
    tokenizer = train_tokenizer(TEXTS, "bpe", vocabulary_size=265)
    encoder = keras_hub.models.GPT2Backbone(
        265, 1, 2, 16, 16, dropout=0.0, max_sequence_length=64
    )
    return CausalLM(encoder, NextToken(tokenizer, 64))


def by_hand(task, texts):
    """Nats, tokens and hits, text by text, each read whole."""
    nats, tokens, hits = 0.0, 0, 0
    for row in task.pretext.start(np.array(texts)).to_list():
        ids = np.array([[*row, 0]], "int32")
        x = {"token_ids": ids[:, :-1], "padding_mask": np.ones_like(ids[:, :-1])}
        logits = np.asarray(task(x)["logits"], "float64")[0]
        normal = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        nats -= normal[np.arange(len(row)), ids[0, 1:]].sum()
        tokens += len(row)
        hits += (logits.argmax(-1) == ids[0, 1:]).sum()
    return nats, tokens, hits


def test_each_token_is_told_once(task):
    found = perplexity(task, TEXTS, batch_size=3)
    nats, tokens, hits = by_hand(task, TEXTS)
    assert found.tokens == tokens
    assert found.bytes == sum(len(text.encode()) for text in TEXTS)
    assert found.nats == pytest.approx(nats, rel=1e-5)
    assert found.accuracy == pytest.approx(hits / tokens)
    assert found.perplexity == pytest.approx(np.exp(nats / tokens), rel=1e-5)
    assert found.bits_per_byte == pytest.approx(nats / np.log(2) / found.bytes, 1e-5)


def test_long_texts_are_read_in_rows(task):
    short = CausalLM(task.encoder, NextToken(task.pretext.tokenizer, 8))
    long, rows = perplexity(task, TEXTS), perplexity(short, TEXTS)
    assert rows.tokens == long.tokens and rows.unigram_nats == long.unigram_nats
    # An untrained decoder hardly looks at what stands before.
    assert rows.nats == pytest.approx(long.nats, rel=0.01)


def test_the_unigram_model(task):
    ids = [[*row, 0] for row in task.pretext.start(np.array(TEXTS)).to_list()]
    told = np.concatenate([row[1:] for row in ids])
    shares = np.bincount(told, minlength=265) / len(told)
    best = perplexity(task, TEXTS)
    assert best.unigram_nats == pytest.approx(-np.log(shares[told]).sum())
    trained = perplexity(task, TEXTS, train_texts=TEXTS[:1])
    counts = np.bincount(ids[0][1:], minlength=265) + 1
    nats = -np.log((counts / counts.sum())[told]).sum()
    assert trained.unigram_nats == pytest.approx(nats)
    assert trained.unigram_nats > best.unigram_nats


def test_the_byte_model_counts_the_texts_of_training(task):
    found = perplexity(task, TEXTS, train_texts=TEXTS[2:])
    bits = ByteNgrams(TEXTS[2:], 8).bits(TEXTS).sum()
    assert found.ngram_nats == pytest.approx(bits * np.log(2))
    assert found.ngram_bits_per_byte == pytest.approx(bits / found.bytes)
    assert found.ngram_perplexity == pytest.approx(2 ** (bits / found.tokens))
    assert f"| byte 8-gram | {found.ngram_bits_per_byte:.3f} |" in found.to_markdown()


def test_of_many_texts_some_are_counted():
    texts = ["abcd", "efgh", "ijkl", "mnop"]
    assert some_texts(texts, 16) == texts
    some = some_texts(texts, 11)
    assert len(some) == 2 and set(some) < set(texts) and some == some_texts(texts, 11)


def test_parts_are_of_about_as_many_bytes(task):
    texts = ["some words here"] * 25
    found = perplexity(task, texts, train_texts=texts)
    assert len(found.parts) == 10
    assert {part["bytes"] for part in found.parts} == {30, 45}
    for name in ("tokens", "bytes", "nats", "unigram_nats", "ngram_nats"):
        total = sum(part[name] for part in found.parts)
        assert total == pytest.approx(getattr(found, name))
    assert len(perplexity(task, ["a", "b"]).parts) == 2


def test_the_verdict_is_on_the_parts_beside_the_best_that_counts():
    parts = [
        {"tokens": 5, "bytes": 10, "nats": nats, "unigram_nats": 40, "ngram_nats": n}
        for nats, n in ((20.0, 21.0), (21.0, 21.5), (19.0, 21.0))
    ]
    sums = {name: sum(part[name] for part in parts) for name in parts[0]}
    found = PerplexityResult(**sums, accuracy=0.5, ngram_order=6, parts=parts)
    bits = np.array([1.0, 0.5, 2.0]) / 10 / np.log(2)
    assert found.verdict.difference == pytest.approx(bits.mean())
    half = stats.t.ppf(0.975, 2) * bits.std(ddof=1) / 3**0.5
    assert found.verdict.half_width == pytest.approx(half)
    assert found.verdict.unit == "bits a byte"
    assert found.verdict.against == "a byte 6-gram model"
    assert found.to_markdown().startswith(found.verdict.sentence)
    assert found.to_dict()["verdict"] == found.verdict.to_dict()


def test_tokens_that_fold_case_are_compared_with_tokens_alone():
    tokenizer = train_tokenizer(TEXTS, "wordpiece", vocabulary_size=45)
    kinds = tokenizer.vocabulary_size()
    encoder = keras_hub.models.GPT2Backbone(kinds, 1, 2, 16, 16, dropout=0.0)
    task = CausalLM(encoder, NextToken(tokenizer, 16))
    found = perplexity(task, TEXTS, train_texts=TEXTS)
    assert not found.byte_level
    assert found.verdict.against == "a unigram model of its tokens"
    assert found.verdict.unit == "bits a token"
    assert "do not tell every byte" in found.to_markdown().splitlines()[0]


def test_a_result_without_parts_has_a_verdict_without_interval():
    found = PerplexityResult(4, 8, nats=4.0, accuracy=0.5, unigram_nats=8.0)
    assert found.verdict.half_width is None and not found.verdict.better
    assert found.verdict.difference == pytest.approx(0.5 / np.log(2))


def test_what_is_reported(task):
    found = perplexity(task, TEXTS)
    values = found.to_dict()
    assert values["unigram_bits_per_byte"] == found.unigram_bits_per_byte
    assert f"| unigram | {found.unigram_bits_per_byte:.3f} |" in found.to_markdown()
    assert values["ngram_bits_per_byte"] is None and "gram |" not in found.rows[1]
    assert json.loads(json.dumps(values)) == values
    with pytest.raises(ValueError, match="`texts` must hold some text"):
        perplexity(task, ["", ""])


def test_the_measure_tells_test_texts_by_the_words_of_training(task):
    sources = ArraySource(TEXTS[:1]), ArraySource(TEXTS)
    texts = [text for text in TEXTS if text]  # the empty one is left out
    assert "perplexity" in task.default_measures
    measure = Perplexity()
    assert measure.left_out(task, sources[1]) is None
    found = measure(task, *sources, progress=False)
    assert found == perplexity(task, texts, train_texts=TEXTS[:1])
    models = [row["model"] for row in found.rows]
    assert models == ["unigram", "byte 8-gram", "this one"]


def test_other_tasks_are_not_measured():
    task = models.Autoencoder(encoders.dense((8, 8, 1)), pretext.Reconstruct())
    reason = Perplexity().left_out(task, ArraySource(np.zeros((2, 8, 8, 1), "uint8")))
    assert "causal language model" in reason


def test_many_texts_are_drawn():
    source = ArraySource([str(number) for number in range(50)])
    drawn = drawn_texts(source, 20)
    assert len(set(drawn)) == 20 and drawn == sorted(drawn, key=int)
    assert drawn == drawn_texts(source, 20)
