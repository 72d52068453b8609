"""Corpora that are odd for a tokenizer, or that leave a text task nothing to learn."""

import json
import unicodedata
import warnings

import keras_hub
import numpy as np
import pytest
from hostile_inputs import in_time, refused

import kerassl
from kerassl import cli, encoders, models, pretext
from kerassl.data import as_source, load_tokenizer, prepare, train_tokenizer

KINDS = ("wordpiece", "sentencepiece", "bpe", "word")
PLAIN = ["the cat sat on the mat", "a dog ate the hat"] * 8


def train(corpus, kind="wordpiece", size=400, **options):
    if kind == "word":
        options = {"min_count": 1, **options}
    with in_time(), warnings.catch_warnings(action="ignore"):
        return train_tokenizer(corpus, kind, size, **options)


def unknown(tokenizer, text):
    """Returns the share of unknown tokens that a tokenizer makes of a text."""
    ids = np.asarray(tokenizer(text))
    pieces = [tokenizer.id_to_token(int(i)) for i in ids]
    assert len(pieces), text
    return np.mean([piece in ("[UNK]", "<unk>") for piece in pieces])


# Each of them must be learnt without an unknown token by every kind.
CORPORA = {
    "a long word": "x" * 5000 + " the end",
    "an address": "see https://example.org/" + "path/" * 60 + " for more",
    "Thai without blanks": "ประเทศไทยเป็นประเทศที่ตั้งอยู่ในเอเชียตะวันออกเฉียงใต้" * 4,
    "an identifier": "call " + "VeryLongIdentifier" * 12 + " now",
    "a hash": "0123456789abcdef" * 20 + " is its hash",
    "voiced marks": "パンダ と バンダ と ハンタ",
    "Hindi": "हिन्दी में लिखा हुआ एक वाक्य",
    "Arabic": "مرحبا بالعالم هذا نص",
    "Korean": "안녕하세요 세계 여러분",
    "emoji": "hello 😀 and 👨\u200d👩\u200d👧 there",
    "marks apart": "re\u0301sume\u0301 of a cafe\u0301",
    "a hundred marks": "z" + "\u0301" * 100 + " algo",
    "no-break spaces": "100\xa0km is\u2009far",
    "blanks of all kinds": "a\tb\x0bc\x0cd  e\u3000f",
    "Polish": "zażółć gęślą jaźń",
    "Turkish": "İstanbul ve ISPARTA",
    "German": "Straße und STRASSE",
    "capitals": "THE CAT SAT",
    "special words": "the [MASK] and the [CLS] are words",
    "control characters": "bell\x07 and \x1b[31mred",
    "math": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 x² ½",
    "one letter": "a b a b ab",
}


def words_of(text):
    """Returns a text without what is no word: punctuation, emoji."""
    return "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text)


@pytest.mark.parametrize("name", CORPORA)
@pytest.mark.parametrize("kind", ["wordpiece", "bpe", "word"])
def test_a_tokenizer_knows_what_it_was_trained_on(kind, name):
    text = CORPORA[name]
    options = {} if kind != "wordpiece" else {"character_coverage": 1.0}
    tokenizer = train([text] * 8, kind, 2000, **options)
    assert unknown(tokenizer, words_of(text) if kind == "word" else text) == 0


def test_voiced_marks_make_other_words():
    tokenizer = train(["パンダ バンダ"] * 8, "word")
    assert len({int(tokenizer(word)[0]) for word in ("パンダ", "バンダ")}) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_one_word_of_five_million_letters(kind):
    corpus = ["x" * 5_000_000, *PLAIN]
    assert train(corpus, kind).vocabulary_size() > 5


def test_a_small_chinese_corpus_and_the_default_vocabulary():
    tokenizer = train(["今天天气很好", "我们去公园玩"] * 4, "wordpiece", 8000)
    assert unknown(tokenizer, "今天我们去玩") == 0


def test_a_smaller_vocabulary_is_said():
    with pytest.warns(UserWarning, match=r"vocabulary 8000 -> \d+"):
        train_tokenizer(PLAIN)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        ([], "some text"),
        (["", " ", "\u3000"], "some text"),
        (iter(()), "some text"),
        ("one string", "single string"),
        (b"bytes", "single string"),
        (["a", 5], "must hold strings"),
        (["a", None], "must hold strings"),
        (["a", float("nan")], "must hold strings"),
        ([["a"], ["b"]], "must hold strings"),
        (["\ud800"], "UTF-8"),
        (np.zeros((3, 2)), "must hold strings"),
        (5, "`corpus` must"),
        (None, "`corpus` must"),
    ],
    ids=lambda value: str(value).partition(" object at")[0],
)
def test_no_corpus(corpus, message, kind):
    refused(message, lambda: train(corpus, kind))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "bert"}, "`kind`"),
        ({"kind": None}, "`kind`"),
        ({"kind": ["bpe"]}, "`kind`"),
        ({"kind": "bpe", "vocabulary_size": 256}, "`vocabulary_size`"),
        ({"kind": "bpe", "lowercase": True}, "`lowercase`"),
        ({"vocabulary_size": 5}, "`vocabulary_size`"),
        ({"vocabulary_size": 0}, "`vocabulary_size`"),
        ({"vocabulary_size": -8000}, "`vocabulary_size`"),
        ({"vocabulary_size": 8e3}, "`vocabulary_size`"),
        ({"vocabulary_size": "8000"}, "`vocabulary_size`"),
        ({"vocabulary_size": True}, "`vocabulary_size`"),
        ({"vocabulary_size": 10**12}, "`vocabulary_size`"),
        ({"vocabulary_size": 8}, "`vocabulary_size`"),
        ({"kind": "sentencepiece", "vocabulary_size": 8}, "`vocabulary_size`"),
        ({"character_coverage": 0}, "`character_coverage`"),
        ({"character_coverage": 1.5}, "`character_coverage`"),
        ({"character_coverage": float("nan")}, "`character_coverage`"),
        ({"character_coverage": "all"}, "`character_coverage`"),
        ({"kind": "word", "min_count": 0}, "`min_count`"),
        ({"kind": "word", "min_count": 99}, "`min_count`"),
        ({"kind": "sentencepiece", "algorithm": "x"}, "`algorithm`"),
        ({"lowercase": "yes"}, "`lowercase`"),
    ],
    ids=str,
)
def test_options_of_a_tokenizer(options, message):
    refused(message, lambda: train_tokenizer(PLAIN, **options))


# ------------------------------------------------------------------- the tasks


@pytest.fixture(scope="module")
def tokenizer():
    return train(PLAIN, "wordpiece", 60)


def task(name, tokenizer):
    size = tokenizer.vocabulary_size()
    sizes = {"num_heads": 2, "hidden_dim": 8, "intermediate_dim": 8}
    if name in ("MaskedLM", "SimCSE"):
        encoder = keras_hub.models.BertBackbone(
            size, num_layers=1, max_sequence_length=8, **sizes
        )
        layer = pretext.MaskedTokens if name == "MaskedLM" else pretext.Tokens
        return getattr(models, name)(encoder, layer(tokenizer, 8))
    if name == "CausalLM":
        encoder = keras_hub.models.GPT2Backbone(
            size, num_layers=1, max_sequence_length=8, **sizes
        )
        return models.CausalLM(encoder, pretext.NextToken(tokenizer, 8))
    encoder = encoders.word_vectors(size, 4)
    layer = pretext.ContextWindow(tokenizer, 16, window=2)
    return models.SkipGram(encoder, layer)


@pytest.fixture(scope="module")
def tasks(tokenizer):
    words = train(PLAIN, "word")
    return {
        "MaskedLM": task("MaskedLM", tokenizer),
        "SimCSE": task("SimCSE", tokenizer),
        "CausalLM": task("CausalLM", tokenizer),
        "SkipGram": task("SkipGram", words),
    }


STRANGE = ["日本語" * 9, "русский"] * 8  # of which the tokenizer knows nothing
NAMES = ("MaskedLM", "CausalLM", "SkipGram", "SimCSE")
NO_TASK = [
    ("MaskedLM", STRANGE, "nothing to learn"),
    ("MaskedLM", [" ", ""] * 8, "at least one text"),
    ("MaskedLM", [None] * 8, "numbers or strings"),
    ("MaskedLM", [5, 6, 7, 8], "must be texts"),
    ("MaskedLM", np.zeros((8, 8, 8, 1)), "must be texts"),
    ("MaskedLM", PLAIN[:2], "`batch_size` is 4"),
    ("CausalLM", ["the"], "more than `sequence_length`"),
    ("CausalLM", ["the cat sat on the mat and a dog"], "`batch_size` is 4"),
    ("CausalLM", [" "], "at least one text"),
    ("CausalLM", np.zeros((8, 3)), "must be texts"),
    ("SkipGram", ["the", "cat", "dog", "hat"] * 4, "nothing to learn"),
    ("SkipGram", STRANGE, "nothing to learn"),
    ("SkipGram", [""] * 8, "at least one text"),
    ("SimCSE", [""] * 8, "at least one text"),
    ("SimCSE", PLAIN[:3], "`batch_size` is 4"),
    ("SimCSE", np.zeros((8, 3)), "must be texts"),
    *((name, {"a": PLAIN}, "must be") for name in NAMES),
    *((name, [["a", "b"]] * 8, "must be") for name in NAMES),
    *((name, {"token_ids": PLAIN}, "must be") for name in NAMES),
    *((name, np.full((8, 4), 999_999), "token") for name in NAMES),
    *((name, np.full((8, 4), -1), "token") for name in NAMES),
]


@pytest.mark.parametrize(("name", "examples", "message"), NO_TASK)
def test_nothing_to_learn_from(name, examples, message, tasks):
    refused(message, lambda: tasks[name].dataset(examples, batch_size=4))


@pytest.mark.parametrize("name", ["SimCSE"])
@pytest.mark.parametrize("size", [1, 0, -1, 2.0, "4", None, True])
def test_a_batch_of_a_contrastive_task(name, size, tasks):
    refused("`batch_size`", lambda: tasks[name].dataset(PLAIN, batch_size=size))


@pytest.mark.parametrize("name", ["MaskedLM", "SimCSE"])
def test_texts_that_show_nothing_cost_no_others(name, tasks):
    texts = [*PLAIN[:4], "", None, " \u3000", "\u200b"]
    batches = tasks[name].dataset(texts, batch_size=4)
    assert batches.steps_per_epoch == 1
    assert batches.source.skipped_by_reason == {"empty": 3, "missing": 1}


@pytest.mark.parametrize("name", ["MaskedLM", "CausalLM"])
def test_one_long_document_among_short_ones(name, tasks):
    texts = ["the cat sat on the mat " * 200, *PLAIN]
    x, *_ = next(iter(tasks[name].dataset(texts, batch_size=4)))
    assert x["token_ids"].shape[0] == 4


# --------------------------------------------------------------------- prepare


PREPARED = [
    ([], "COMMAND|PATH"),
    (["nothing.txt"], "No file matches"),
    ([""], "must name a file"),
    (["empty.txt"], "empty"),
    (["."], "No text files|empty"),
    (["a.txt", "--vocabulary-size", "0"], "`vocabulary_size`"),
    (["a.txt", "--vocabulary-size", "many"], "invalid int value"),
    (["a.txt", "--vocabulary-size", "100"], "`vocabulary_size` must be above 257"),
    (["a.txt", "--tokenizer", "bert"], "`tokenizer`|bert"),
    (["a.txt", "--tokenizer", ""], "`tokenizer`"),
    (["a.txt", "--tokenizer", "a.txt"], "tokenizer"),
    (["a.txt", "--tokenizer", "wordpiece", "--character-coverage", "2"], "coverage"),
    (["a.txt", "--lowercase"], "`lowercase`"),
    (["a.txt", "--lowercase", "--keep-case"], "not allowed with"),
    (["a.txt", "--unit", "word"], "invalid choice"),
    (["a.txt", "--workers", "0"], "`workers`"),
    (["a.txt", "--workers", "-3"], "`workers`"),
    (["a.txt", "--field", "body", "--out", ""], "`out`"),
    (["a.txt", "--out", "a.txt"], "a.txt"),
    (["b.jsonl", "--field", "body"], "`field`|no text in field"),
    (["c.html"], "an HTML file"),
]


@pytest.mark.parametrize(("words", "message"), PREPARED, ids=str)
def test_prepare_refuses(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.txt").touch()
    (tmp_path / "a.txt").write_text("\n".join(PLAIN))
    (tmp_path / "b.jsonl").write_text(json.dumps({"text": "a"}))
    (tmp_path / "c.html").write_text("<html>")
    if words == ["."]:
        (tmp_path / "a.txt").unlink()
        (tmp_path / "b.jsonl").unlink()
    out = [] if "--out" in words else ["--out", "shards"]
    assert exit_code(["prepare", *words, *out, "--quiet"]) == cli.USAGE
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1, said
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(said)


def exit_code(words):
    try:
        with in_time():
            return cli.main(words)
    except SystemExit as left:
        return left.code


def test_prepare_counts_what_is_left_out(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\n".join(PLAIN).encode() + b"\n\n\xff\xfe\n\0\n")
    with warnings.catch_warnings(action="ignore"):
        shards = prepare(
            as_source(path), tmp_path / "out", vocabulary_size=270, workers=1
        )
    assert shards.num_documents == len(PLAIN) and shards.num_skipped == 3


# ------------------------------------------------------------ stored tokenizers


@pytest.fixture
def stored(tokenizer, tmp_path):
    kerassl.data.save_tokenizer(tokenizer, tmp_path)
    return tmp_path


VOCABULARY = "assets/tokenizer/vocabulary.txt"
DAMAGE = [
    ("tokenizer.json", b""),
    ("tokenizer.json", b"{"),
    ("tokenizer.json", b"\x80\x04K\x01."),
    ("tokenizer.json", b"[" * 99_999),
    (VOCABULARY, b""),
    (VOCABULARY, b"\xff\xfe\xfa"),
    (VOCABULARY, b"[PAD]\n[UNK]\n"),
    (VOCABULARY, None),
]


@pytest.mark.parametrize(("name", "content"), DAMAGE)
def test_a_damaged_tokenizer(name, content, stored):
    (stored / name).unlink()
    if content is not None:
        (stored / name).write_bytes(content)
    refused(r"tokenizer", lambda: load_tokenizer(stored))


@pytest.mark.parametrize("name", ["", "nothing", "~nosuchuser", "\0", "x" * 5000])
def test_no_folder_of_a_tokenizer(name):
    refused("folder|path", lambda: load_tokenizer(name))
