"""The benchmark of worth: its figures, its table, its refusals and a tiny trial."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from kerassl import zoo
from kerassl.transfer.verdict import paired_interval

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """Makes `benchmarks` importable, after what is installed."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT)])


def row(encoder, kind, method, labels, accuracies):
    return {
        "encoder": encoder,
        "kind": kind,
        "method": method,
        "labels_per_class": labels,
        "accuracies": accuracies,
        "mean": float(np.mean(accuracies)),
    }


def result(seed, gain, method="linear_probe"):
    rows = [
        row("raw pixels", "input", "linear_probe", 5, [0.90, 0.90]),
        row("raw pixels", "input", "linear_probe", 10, [0.70, 0.72]),
        row("PCA", "input", "linear_probe", 10, [0.60, 0.62]),
        row("random", "random", method, 10, [0.50, 0.50]),
        row("pretrained", "pretrained", method, 10, [0.71 + gain, 0.71 + gain]),
    ]
    measures = {"classification": {"accuracy_unit": "fraction", "rows": rows}}
    named = {"preset": "mine", "corpus": "-", "seed": seed}
    return {**named, "measures": measures, "verdicts": {}}


def test_a_line_stands_beside_the_best_input():
    from benchmarks.worth import figures

    gains = (0.10, 0.12, 0.17)
    (line,) = figures.lines([result(i, gain) for i, gain in enumerate(gains)])
    assert line["measure"] == "linear probe, 10 a class"
    assert line["against"] == "raw pixels"
    np.testing.assert_allclose(line["input"], 71.0)
    np.testing.assert_allclose(line["random"], 50.0)
    np.testing.assert_allclose(line["pretrained"], [81.0, 83.0, 88.0])
    assert line["supervised"] == []
    np.testing.assert_allclose(line["better"], paired_interval([10.0, 12.0, 17.0]))


def test_one_seed_has_the_interval_of_its_draws():
    from benchmarks.worth import figures

    (line,) = figures.lines([result(0, 0.10)])
    np.testing.assert_allclose(line["better"], paired_interval([11.0, 9.0]))


def test_fine_tuning_stands_beside_what_an_input_does_best():
    from benchmarks.worth import figures

    (line,) = figures.lines([result(0, 0.0, method="fine_tune")])
    np.testing.assert_allclose(line["input"], 71.0)


def test_a_verdict_of_another_measure_is_a_line():
    from benchmarks.worth import figures, table

    def told(difference):
        verdict = {
            "what": "bits a byte",
            "unit": "bits",
            "against": "than a byte 6-gram model",
            "difference": difference,
            "half_width": 0.01,
            "figures": {"input": 1.8, "pretrained": 1.8 - difference},
        }
        found = {"measures": {"perplexity": {}}, "verdicts": {"perplexity": verdict}}
        return {**result(0, 0.0), **found}

    (line,) = figures.lines([told(0.1), told(0.2)])
    assert line["better"] == paired_interval([0.1, 0.2])
    assert table.cells(line)[1] == "1.800 ± 0.000 (than a byte 6-gram model)"
    (line,) = figures.lines([told(0.1)])
    assert line["better"] == (0.1, 0.01)


def test_contenders_are_found_by_their_minutes():
    from benchmarks.worth.__main__ import contenders

    found = contenders()
    assert {"simclr_digits", "bert_tiny"} <= set(found)
    assert not {"bert_base", "simclr_resnet50"} & set(found)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["simclr_digit"], "preset must be one of"),
        (["bert_base"], "preset must be one of"),
        (["--on", "moon"], "--on must name some of"),
        (["--seeds", "0"], "--seeds must be 1 or more"),
        (["--validate"], "--validate needs --on"),
        (["--labels", "0"], "--labels must be 1 or more"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_runs(argv, message, capsys):
    from benchmarks.worth.__main__ import main

    with pytest.raises(SystemExit):
        main(argv)
    assert message in capsys.readouterr().err


def test_another_trial_has_another_folder():
    from benchmarks.worth.trial import OWN, Trial

    trials = [
        Trial("bert_tiny", "topics", 0, "out"),
        Trial("bert_tiny", "topics", 1, "out"),
        Trial("bert_tiny", OWN, 0, "out"),
        Trial("bert_tiny", "topics", 0, "out", validate=True),
        Trial("bert_tiny", "topics", 0, "out", {"recipe.steps": 5}),
        Trial("bert_tiny", "topics", 0, "out", {"recipe.steps": 6}),
    ]
    assert len({each.folder for each in trials}) == len(trials)


@pytest.mark.parametrize("name", ["topics", "sentiment"])
def test_choosing_reads_no_example_to_test_on(name, kerassl_data):
    from benchmarks.worth.corpora import CORPORA

    def texts(source):
        return set(source.fetch(np.arange(len(source))).numpy().tolist())

    _, _, test = CORPORA[name].read(False)
    chosen = set().union(*map(texts, CORPORA[name].read(True)))
    # Some sentences stand in two parts of the corpus as it is published.
    assert len(chosen & texts(test)) <= 2


def test_a_trial_keeps_what_was_measured(tmp_path):
    from benchmarks.worth import figures, trial

    spec = zoo.config("simclr_digits")
    spec["name"] = "tiny"
    spec["recipe"].update(steps=2, batch_size=8)
    spec["transfer"] = {"labels_per_class": [5], "draws": 2, "methods": ["knn"]}
    spec["transfer"]["controls"] = ["input", "random"]
    preset = tmp_path / "tiny.json"
    preset.write_text(json.dumps(spec))
    each = trial.Trial(str(preset), trial.OWN, 3, str(tmp_path / "out"))
    trial.make(each)
    kept = json.loads((each.folder / trial.RESULT).read_text())
    assert (kept["preset"], kept["seed"]) == ("tiny", 3)
    assert kept["cpu_seconds"] >= kept["training_cpu_seconds"] > 0
    (line,) = figures.lines([kept])
    assert line["measure"] == "knn, 5 a class" and line["input"] and line["better"]


def test_a_trial_on_a_corpus_hands_on_what_it_read(monkeypatch):
    from types import SimpleNamespace

    from benchmarks.worth import corpora, trial
    from kerassl.data import ArraySource
    from kerassl.pretraining import measuring

    parts = [ArraySource(np.full((4, 2), k, "float32")) for k in range(3)]
    corpus = corpora.Corpus("image", "numbers", lambda validate: parts, {"draws": 1})
    monkeypatch.setitem(trial.CORPORA, "numbers", corpus)
    config = {"transfer": {"draws": 9, "methods": ["knn"]}}
    run = SimpleNamespace(config=config, task=object())
    monkeypatch.setattr(trial, "pretrained", lambda *given, **options: run)
    read, asked = [], []

    class Sees(measuring.transfer.Measure):
        name, heading = "sees", "## Sees"

        def left_out(self, task, test):
            return None

        def __call__(self, task, train, test, *, seed, progress):
            read.extend((train, test, seed))
            return SimpleNamespace(to_markdown=str, to_dict=dict)

    def measures_of(plan, task):
        asked.append(plan["transfer"])
        return [Sees()]

    monkeypatch.setattr(measuring, "measures_of", measures_of)
    found = trial.on_corpus(trial.Trial("mine", "numbers", 3, "out", {}, False))
    assert read == [parts[1], parts[2], 3]
    assert asked == [{"draws": 1, "methods": ["knn"]}]
    assert found[:3] == (run, {"sees": {}}, {})
