"""Entities by an encoder's tokens: alignment, scores and controls."""

import json
import sys

import keras_hub
import numpy as np
import pytest
from presets import simclr
from scipy import stats

from kerassl import data, encoders, models, pretext, pretrain, transfer, zoo
from kerassl.data import TaggedWords
from kerassl.pretraining.measuring import labels_wanted, measures_of
from kerassl.transfer.tag_baselines import lexicon_tags
from kerassl.transfer.tagged_rows import TaggedRows

NAMES = ("lima", "oslo", "rome", "paris", "quito", "tunis", "delhi", "seoul")
FAST = {
    "sentences": [120],
    "draws": 1,
    "strengths": [1.0],
    "fine_tune_options": {"steps": 160, "learning_rate": 0.005},
}


def tagged(sentences, separator=" "):
    """Returns a source of [(words, tags), ...], each a string of blanks between."""
    texts = [separator.join(words.split()) for words, _ in sentences]
    source = data.ArraySource(texts)
    source.labels, source.label_kind = np.empty(len(texts), object), "tags"
    for i, (words, tags) in enumerate(sentences):
        parts = tuple(words.split()), tuple(tags.split())
        source.labels[i] = TaggedWords(*parts, separator)
    return source


def places(count, seed):
    """Returns sentences in which a name is a place after "in", and else a person.

    The word alone does not tell, its neighbour does.
    """
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        first, second = rng.choice(NAMES, 2, replace=False)
        found.append((f"{first} lives in {second} now", "B-PER O O B-LOC O"))
        found.append((f"in {first} we met {second}", "O B-LOC O O B-PER"))
    return tagged(found)


def pieces(*words):
    """Returns a WordPiece tokenizer of special tokens and these pieces."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return keras_hub.models.BertTokenizer(vocabulary=[*special, *words])


def small_bert(vocabulary_size):
    return keras_hub.models.BertBackbone(
        vocabulary_size, 1, 2, 32, 64, dropout=0.0, max_sequence_length=16
    )


@pytest.fixture(scope="module")
def task():
    texts = [f"{name} lives in we met now" for name in NAMES]
    tokenizer = data.train_tokenizer(texts, vocabulary_size=60)
    encoder = small_bert(tokenizer.vocabulary_size())
    return models.MaskedLM(encoder, pretext.MaskedTokens(tokenizer, 12))


@pytest.fixture(scope="module")
def found(task):
    measure = transfer.TokenClassification(**FAST)
    return measure(task, places(90, 0), places(30, 1), progress=False)


def test_every_cell_is_measured(found):
    keys = [(row["encoder"], row["method"], row["sentences"]) for row in found.rows]
    assert keys == [
        ("input", "majority", 120),
        ("input", "lexicon", 120),
        ("input", "window", 120),
        ("pretrained", "linear_probe", 120),
        ("random", "linear_probe", 120),
        ("pretrained", "fine_tune", 120),
        ("random", "fine_tune", 120),
        ("supervised", "fine_tune", None),
    ]
    assert found.protocol["types"] == ["LOC", "PER"]
    assert found.protocol["test_entities"] == 120
    assert found.protocol["test_words_without_place"] == 0


def test_what_needs_the_neighbour_is_found_by_what_sees_it(found):
    assert found.row("input", "majority", 120)["f1"] == 0
    assert found.row("input", "majority", 120)["accuracy"] == pytest.approx(0.6)
    assert 0.1 < found.row("input", "lexicon", 120)["f1"] < 0.75
    assert found.row("input", "window", 120)["f1"] > 0.95
    assert found.row("pretrained", "fine_tune", 120)["f1"] > 0.95
    assert found.row("supervised", "fine_tune", None)["f1"] > 0.95


def test_it_is_written_in_all_forms(found):
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
    page = found.to_markdown()
    assert "| method | encoder | 120 sentences | all |" in page
    assert "| most frequent tag | input | 0.0 ± 0.0 (0 / 0) | – |" in page
    assert "120 in 60 test sentences of 300 words" in page
    assert set(found.figures()) == {"token_classification"}
    with pytest.raises(KeyError, match="pretrained.*knn"):
        found.row("pretrained", "knn", 120)


def test_the_verdict_is_on_the_probe_and_then_on_fine_tuning(found):
    window = found.row("input", "window", 120)["f1s"][0]
    assert window > found.row("input", "lexicon", 120)["f1s"][0]
    told = found.verdict
    probe, tuned = (
        100 * (found.row("pretrained", method, 120)["f1s"][0] - window)
        for method in ("linear_probe", "fine_tune")
    )
    assert told.difference == pytest.approx(probe) and told.half_width is None
    assert told.against == "a linear probe on words and their neighbours"
    assert told.sentence.startswith("With 120 labelled sentences the linear probe is ")
    assert "With 120 labelled sentences fine-tuning is" in told.sentence
    assert f"{tuned:.1f} points of F1" in told.sentence
    assert found.to_markdown().startswith(told.sentence)


def compared(*rows):
    names = "encoder", "method", "sentences", "f1s"
    rows = [dict(zip(names, row, strict=True)) for row in rows]
    return transfer.TokenComparison(rows, {"train_sentences": 1000})


def test_the_verdict_pairs_draws_at_the_number_nearest_to_100():
    found = compared(
        ("input", "majority", 50, [0.0, 0.0, 0.0]),
        ("input", "lexicon", 50, [0.5, 0.4, 0.6]),
        ("input", "lexicon", None, [0.9, 0.9, 0.9]),
        ("pretrained", "fine_tune", 50, [0.6, 0.6, 0.7]),
        ("pretrained", "fine_tune", None, [0.8, 0.8, 0.8]),
    ).verdict
    differences = np.array([10.0, 20.0, 10.0])
    half = stats.t.ppf(0.975, 2) * differences.std(ddof=1) / 3**0.5
    assert found.difference == pytest.approx(differences.mean())
    assert found.half_width == pytest.approx(half)
    assert found.against == "the most frequent tag of each word"
    assert found.sentence.startswith("With 50 labelled sentences fine-tuning is")
    rows = ("input", "window", None, [0.9]), ("pretrained", "fine_tune", None, [0.8])
    assert compared(*rows).verdict.sentence == (
        "With all labels fine-tuning is not better than a linear probe on words and "
        "their neighbours: -10.0 points of F1 in a single draw."
    )


def test_without_the_input_there_is_no_verdict():
    rows = [("pretrained", "linear_probe", 50, [0.6])]
    assert compared(*rows).verdict is None
    assert compared(*rows).to_dict()["verdict"] is None
    assert compared(*rows, ("input", "window", None, [0.9])).verdict is None


def test_the_spread_is_that_of_a_sample():
    scores = {"precision": 0.5, "recall": 0.5, "accuracy": 0.5}
    draws = [({**scores, "f1": f1}, {}) for f1 in (0.5, 0.6, 0.7)]
    found = transfer.TokenComparison.of({("input", "window", 50): draws}, {})
    assert found.rows[0]["std"] == pytest.approx(0.1)


def test_the_same_seed_gives_the_same_figures_and_the_encoder_stays(task):
    options = {**FAST, "sentences": [8], "controls": ["random"], "draws": 2}
    options["fine_tune_options"] = {"steps": 2}
    before = task.encoder.get_weights()
    rows = [
        transfer.TokenClassification(**options)(
            task, places(8, 0), places(3, 1), seed=3, progress=False
        ).rows
        for _ in range(2)
    ]
    assert rows[0] == rows[1] and len(rows[0][0]["f1s"]) == 2
    for old, new in zip(before, task.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_with_all_labels_the_random_encoder_is_the_supervised_one(task):
    options = {**FAST, "sentences": [None], "methods": ["fine_tune"]}
    options["fine_tune_options"] = {"steps": 3}
    options["controls"] = ["random", "supervised"]
    measure = transfer.TokenClassification(**options)
    found = measure(task, places(20, 0), places(5, 1), progress=False)
    random = found.row("random", "fine_tune", None)
    assert {**random, "encoder": "supervised"} == found.row(
        "supervised", "fine_tune", None
    )


# --- Alignment ---


def test_the_first_piece_of_a_word_has_its_tag():
    tokenizer = pieces("a", "##b", "##c", "d", "##e", "f")
    layer = pretext.Tokens(tokenizer, 10)
    source = tagged([("abc de f", "B-X O B-Y"), ("f", "O")])
    rows = TaggedRows(source, layer, ["O", "B-X", "B-Y"])
    # Start token, three pieces, two, one, end token.
    assert [c.tolist() for c in rows.columns] == [[1, 4, 6], [1]]
    x, targets, weights = rows.batch(np.array([0]))
    ids = [tokenizer.id_to_token(int(i)) for i in x["token_ids"][0]]
    assert ids[1:7] == ["a", "##b", "##c", "d", "##e", "f"]
    assert targets[0].tolist() == [0, 1, 0, 0, 0, 0, 2, 0, 0, 0]
    assert weights[0].tolist() == [0, 1, 0, 0, 1, 0, 1, 0, 0, 0]
    numbers = np.full((2, 10), 2)
    decoded = rows.decode(numbers, ["O", "B-X", "B-Y"])
    assert decoded == [["B-Y"] * 3, ["B-Y"]]


def test_words_without_room_are_in_no_entity():
    tokenizer = pieces(*"abcdef")
    source = tagged([("a b c d e f", "O O O O O B-X"), ("a", "O")])
    rows = TaggedRows(source, pretext.Tokens(tokenizer, 6), ["O", "B-X"])
    assert rows.columns[0].tolist() == [1, 2, 3, 4, -1, -1]
    assert rows.decode(np.ones((2, 6), int), ["O", "B-X"])[0] == ["B-X"] * 4 + ["O"] * 2


def test_bytes_of_a_causal_model():
    texts = data.ArraySource(["ab cd ab cd"] * 4)  # it notes that they are few
    tokenizer = data.train_tokenizer(texts, "bpe", vocabulary_size=262)
    source = tagged([("ab cd", "B-X O")])
    rows = TaggedRows(source, pretext.NextToken(tokenizer, 12), ["O", "B-X"])
    whole = pretext.NextToken(tokenizer, 12).prepare(np.array(["ab cd"]))
    np.testing.assert_array_equal(rows.x["token_ids"], whole["token_ids"])
    assert rows.columns[0][0] == 1


def test_characters_of_chinese():
    layer = pretext.MaskedTokens(pieces(*"我爱北京"), 8)
    source = tagged([("我 爱 北 京", "O O B-LOC I-LOC")], separator="")
    rows = TaggedRows(source, layer, ["O", "B-LOC", "I-LOC"])
    assert rows.columns[0].tolist() == [1, 2, 3, 4]
    whole = layer.prepare(np.array(["我爱北京"]))
    np.testing.assert_array_equal(rows.x["token_ids"], whole["token_ids"])


def test_a_layer_that_changes_the_tokens_is_refused():
    class Backwards(pretext.Tokens):
        def prepare(self, inputs):
            x = super().prepare(inputs)
            return {**x, "token_ids": x["token_ids"][:, ::-1]}

    layer = Backwards(pieces(*"abc"), 8)
    with pytest.raises(ValueError, match="`pretext` must keep the tokens"):
        TaggedRows(tagged([("a b c", "O O O")]), layer, ["O"])


# --- Scores ---


def spans(tags):
    """Returns the entities of a sentence, told apart from nervaluate."""
    found, start = set(), None
    for i, tag in enumerate([*tags, "O"]):
        if start is not None and (tag[0] in "OB" or tag[2:] != tags[start][2:]):
            found.add((tags[start][2:], start, i))
            start = None
        if tag != "O" and start is None:
            start = i
    return found


def test_scores_are_those_of_exact_spans():
    rng = np.random.default_rng(0)
    kinds = ["O", "O", "B-A", "I-A", "B-B", "I-B"]
    true = [rng.choice(kinds, 8).tolist() for _ in range(40)]
    guess = [[t if rng.random() < 0.7 else rng.choice(kinds) for t in s] for s in true]
    right = sum(len(spans(a) & spans(b)) for a, b in zip(true, guess, strict=True))
    precision = right / sum(len(spans(tags)) for tags in guess)
    recall = right / sum(len(spans(tags)) for tags in true)
    scores = transfer.entity_scores(true, guess)
    assert scores["precision"] == pytest.approx(precision)
    assert scores["recall"] == pytest.approx(recall)
    assert scores["f1"] == pytest.approx(2 / (1 / precision + 1 / recall))
    assert transfer.entity_scores(true, true)["f1"] == 1
    assert transfer.entity_scores([["B-A"]], [["O"]])["f1"] == 0


def test_the_lexicon_takes_the_most_frequent_tag():
    train = [("a", "b"), ("a",), ("a",)], [("B-X", "O"), ("O",), ("B-X",)]
    assert lexicon_tags(train, [("a", "b", "c")]) == [["B-X", "O", "O"]]


# --- Where it cannot be made ---


def test_without_its_package_it_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "nervaluate", None)
    with pytest.raises(ImportError, match=r"pip install 'kerassl\[ner\]'"):
        transfer.TokenClassification()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"sentences": 100}, "`sentences` must be a list"),
        ({"methods": ["knn"]}, "`methods` must be some of"),
        ({"controls": ["chance"]}, "`controls` must be some of"),
        ({"validation": 1.0}, "`validation` must be"),
        ({"strengths": [0]}, "`strengths` must be above 0"),
        ({"fine_tune_options": {"validation": 0.1}}, "validation` is no option"),
        ({"supervised_options": {"steps": 0}}, "`supervised_options.steps`"),
    ],
)
def test_wrong_options_are_told(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        transfer.TokenClassification(**options)


def test_what_it_cannot_measure_says_why(task):
    measure = transfer.TokenClassification()
    assert measure.left_out(task, places(2, 0)) is None
    reason = measure.left_out(task, data.ArraySource(["a text"]))
    assert reason == "it needs a tag of each word, and the data have no labels"
    dense = models.Autoencoder(encoders.dense((8, 8, 1)), pretext.Reconstruct())
    assert "a tokenizer" in measure.left_out(dense, places(2, 0))


def test_a_preset_may_list_it():
    spec = simclr(measures=[{"class": "kerassl.transfer.TokenClassification"}])
    (measure,) = measures_of(spec)
    assert measure.sentences == [100, 1000]
    assert labels_wanted(spec, [measure]) == {"tags"}


def test_a_run_on_tagged_sentences_reports_it(tmp_path):
    source = places(20, 0)
    lines = "\n".join(
        "".join(f"{word} {tag}\n" for word, tag in zip(*label[:2], strict=True))
        for label in source.labels
    )
    (tmp_path / "places.conll").write_text(lines)
    spec = zoo.config("bert_tiny")
    spec["name"] = "names"
    spec["encoder"] |= {"num_layers": 1, "num_heads": 2, "hidden_dim": 16}
    spec["encoder"] |= {"vocabulary_size": 40, "max_sequence_length": 12}
    spec["tokenizer"]["vocabulary_size"] = 40
    spec["pretext"]["sequence_length"] = 12
    options = {**FAST, "controls": ["input"], "methods": ["linear_probe"]}
    name = "kerassl.transfer.TokenClassification"
    spec["measures"] = [{"class": name, **options}]
    (tmp_path / "names.json").write_text(json.dumps(spec))
    run = pretrain(
        tmp_path / "names.json",
        tmp_path / "places.conll",
        out=tmp_path / "run",
        steps=2,
        batch_size=4,
        progress=False,
    )
    assert run.report["data"]["kind"] == "TaggedText"
    protocol = run.measures["token_classification"]["protocol"]
    assert (protocol["train_sentences"], protocol["test_sentences"]) == (32, 8)
    assert "Entities by the features of tokens:" in str(run)
    assert "| linear probe | pretrained |" in str(run)
    assert (run.path / "token_classification.png").is_file()
    assert run.report["transfer"] is None
