"""What an encoder reads and finds alike, from a run to a picture."""

import json

import numpy as np
import pytest

import kerassl
from kerassl import data, zoo
from kerassl.cli import main
from kerassl.metrics import hubness

OPTIONS = {"evaluate": False, "progress": False}
TEXTS = [f"{a} cat {b} on the {c}" for a in ("a", "the") for b in "xyz" for c in "uvw"]


@pytest.fixture(scope="module")
def bert_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert")
    (folder / "lines.txt").write_text("\n".join(TEXTS * 3))
    spec = zoo.config("bert_tiny")
    spec["tokenizer"].update(vocabulary_size=60)
    spec["encoder"].update(num_layers=2, num_heads=2, hidden_dim=16)
    spec["encoder"].update(intermediate_dim=32, max_sequence_length=16)
    spec["pretext"].update(sequence_length=16)
    spec["recipe"].update(steps=2, batch_size=4)
    preset = folder / "tiny.json"
    preset.write_text(json.dumps(spec))
    return kerassl.pretrain(preset, folder / "lines.txt", out=folder / "run", **OPTIONS)


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    spec = zoo.config("simclr_digits")
    spec["encoder"].update(widths=[8], strides=[2], grid=1)
    spec["recipe"].update(steps=2, batch_size=16)
    preset = folder / "tiny.json"
    preset.write_text(json.dumps(spec))
    return kerassl.pretrain(preset, out=folder / "run", **OPTIONS)


def titles(figure):
    return [axis.get_title() for axis in figure.axes]


def test_attention_of_a_text_stands_above_that_of_a_random_network(bert_run):
    found = kerassl.explain(bert_run, count=2, progress=False)  # the first that it can
    assert [sorted(row) for row in found.rows] == [
        ["agreement with random network", "example"]
    ] * 2
    figure = found.figure()
    # Two layers and the random network; two heads and the rollout.
    assert len(figure.axes) == 9
    assert titles(figure)[:3] == ["head 1", "head 2", "rollout so far"]
    assert "random network" in figure.axes[6].get_ylabel()
    tokens = [label.get_text() for label in figure.axes[6].get_yticklabels()]
    assert tokens[0] == "[CLS]" and tokens[-1] == "[SEP]" and "cat" in tokens
    assert "Jain" in found.to_markdown()


def test_saliency_of_hidden_tokens_sums_to_the_difference(bert_run):
    found = kerassl.explain(bert_run, TEXTS, kind="saliency", count=2, progress=False)
    for row in found.rows:
        difference = row["value"] - row["of nothing"]
        assert row["sum"] == pytest.approx(difference, abs=0.1 * abs(difference) + 0.01)
    texts = [text.get_text().strip() for text in found.figure().texts]
    assert texts.count("trained:") == texts.count("random network:") == 2
    again = kerassl.explain(bert_run, TEXTS, kind="saliency", count=2, progress=False)
    assert again.rows == found.rows


def test_saliency_of_a_view_is_drawn_beside_a_random_network(digits_run):
    found = kerassl.explain(digits_run, count=3, progress=False)
    figure = found.figure()
    assert titles(figure)[:3] == ["input", "trained", "random network"]
    assert len(figure.axes) == 9 and len(found.rows) == 3
    assert "two views" in found.caption


def test_neighbours_are_right_or_wrong_by_their_labels(digits_run):
    source = data.digits("test")
    found = kerassl.explain(
        digits_run, source, kind="neighbours", count=2, progress=False
    )
    vectors = kerassl.embed(digits_run, source, progress=False)
    unit = vectors.values / np.linalg.norm(vectors.values, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -2)
    nearest = np.argsort(-cosines)[:, :5]
    position = vectors.names.index(found.rows[0]["query"])
    named = [vectors.names[i] for i in nearest[position]]
    assert set(found.rows[0]["neighbours"].split(", ")) == set(named)
    right = vectors.labels[nearest] == vectors.labels[:, None]
    assert found.rows[0]["with its label"] == f"{right[position].sum()} of 5"
    assert f"{right.mean():.1%} of the 5 nearest" in found.caption
    assert f"(skewness) {hubness(nearest, len(nearest)):.2f}" in found.caption
    figure = found.figure()
    assert len(figure.axes) == 12
    colours = [axis.title.get_color() for axis in figure.axes[1:6]]
    assert colours.count("#1a7f37") == right[position].sum()
    assert set(colours) <= {"#1a7f37", "#b42318"}


def test_neighbours_of_texts_are_drawn_as_texts(bert_run):
    found = kerassl.explain(bert_run, TEXTS, kind="neighbours", count=1, progress=False)
    assert titles(found.figure())[0] == "query"
    assert "with its label" not in found.rows[0]


def test_the_command_writes_and_prints(digits_run, tmp_path, capsys):
    out = tmp_path / "map.png"
    words = ["explain", str(digits_run.path), "--data", "digits", "--kind", "saliency"]
    assert main([*words, "--count", "1", "--out", str(out), "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "| example | value |" in said and f"{out}: the picture" in said
    assert out.stat().st_size > 1000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "There is no run in nowhere"),
        (["RUN", "--kind", "dream"], "`kind` must be one of 'attention', 'saliency'"),
        (["RUN", "--kind", "attention"], "It can show: saliency, neighbours"),
        (["RUN", "--count", "0"], "`count` must be"),
        (["RUN", "--seed", "-1"], "`seed` must be"),
        (["RUN", "--out", "a.txt"], "--out: expected a picture"),
        (["RUN", "--data", "nowhere"], "nowhere"),
    ],
)
def test_wrong_words_are_told_in_a_line(words, message, digits_run, capsys):
    words = [str(digits_run.path) if word == "RUN" else word for word in words]
    assert main(["explain", *words]) == 2
    said = capsys.readouterr().err
    assert message in said and "Traceback" not in said and said.count("\n") == 1
