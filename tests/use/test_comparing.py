"""Runs beside each other, by reports that are written here."""

import csv
import json
import re

import numpy as np
import pytest

import kerassl
from kerassl.cli import main
from kerassl.transfer.verdict import paired_interval

DATA = {"kind": "ArraySource", "examples": 80, "digest": "aa", "notes": []}
PROTOCOL = {"train_examples": 80, "test_examples": 20, "classes": 2, "seconds": 1.0}


def row(kind, encoder, accuracies, labels=10, method="linear_probe"):
    return {
        "kind": kind,
        "encoder": encoder,
        "method": method,
        "labels_per_class": labels,
        "accuracies": accuracies,
    }


@pytest.fixture
def make(tmp_path):
    """Returns a function that writes a run, as pretraining leaves it."""

    def made(name, seed=0, reached=(0.5, 0.6), rows=None, folder=None, **changes):
        config = {
            "name": name,
            "model": {"class": f"models.{name}"},
            "encoder": {"class": "encoders.dense", "width": 8},
            "recipe": {"steps": 3, "batch_size": 4},
            "transfer": {},
            "seed": seed,
            "examples": None,
            "data_used": DATA,
        }
        rows = rows or [
            row("pretrained", "pretrained", list(reached)),
            row("pretrained", "pretrained", [0.9, 0.9], labels=None),
            row("input", "raw pixels", [0.4, 0.4]),
            row("random", "random", [0.3, 0.3]),
        ]
        protocol = changes.pop("protocol", PROTOCOL)
        report = {"transfer": {"protocol": protocol, "rows": rows}, "verdict": {}}
        report |= changes.pop("report", {})
        path = tmp_path / (folder or f"{name}-seed{seed}")
        path.mkdir()
        (path / "run.json").write_text(json.dumps({**config, **changes}))
        (path / "report.json").write_text(json.dumps(report))
        lines = [{"step": s, "loss": 3.0 - s, "seconds": 1.0} for s in (1, 2)]
        (path / "history.jsonl").write_text("\n".join(map(json.dumps, lines)))
        return str(path)

    return made


def of(rows, encoder, labels=10):
    (found,) = (r for r in rows if (r["encoder"], r["labels"]) == (encoder, labels))
    return found


def test_seeds_are_one_row_and_the_difference_is_over_their_pairs(make):
    better = [(0.7, 0.8), (0.75, 0.75), (0.9, 0.8)]
    worse = [(0.6, 0.7), (0.7, 0.7), (0.8, 0.7)]
    runs = [make("good", seed, each) for seed, each in enumerate(better)]
    runs += [make("bad", seed, each) for seed, each in enumerate(worse)]
    found = kerassl.compare(runs)
    good = of(found.rows, "good")
    np.testing.assert_allclose(good["figures"], [75.0, 75.0, 85.0])
    assert good["std"] == pytest.approx(np.std([75, 75, 85], ddof=1))
    assert good["std_over"] == "seeds" and good["seeds"] == [0, 1, 2]
    told = of(found.differences, "good")
    expected = paired_interval([10.0, 5.0, 10.0])
    assert (told["mean"], told["half_width"]) == pytest.approx(expected)
    assert (told["paired"], told["pairs"], told["over"]) == (True, 3, "seeds")
    assert found.verdict.sentence.startswith(
        "With 10 labels a class, good is 8.3 ± 7.2 points better than bad by the linear"
        " probe. With 10 labels a class, good is "
    )


def test_one_seed_each_is_paired_over_the_label_draws(make):
    runs = [make("good", reached=(0.7, 0.8)), make("bad", reached=(0.6, 0.75))]
    found = kerassl.compare(runs)
    told = of(found.differences, "good")
    assert (told["mean"], told["half_width"]) == pytest.approx(
        paired_interval([10.0, 5.0])
    )
    assert told["over"] == "label draws"
    assert of(found.rows, "good")["std"] == pytest.approx(np.std([70, 80], ddof=1))
    # With all labels nothing is drawn, so there is no interval.
    assert of(found.differences, "good", None)["half_width"] is None
    assert "Of one seed nobody knows" in found.caption


def test_what_is_not_paired_is_told(make):
    found = kerassl.compare([make("good", 0, (0.8, 0.9)), make("bad", 1)])
    assert "not paired: they share no seed" in found.verdict.sentence
    assert "| not paired |" in found.to_markdown()


def test_what_lies_in_the_spread_is_no_difference(make):
    runs = [make("a", reached=(0.5, 0.6)), make("b", reached=(0.6, 0.49))]
    sentence = kerassl.compare(runs).verdict.sentence
    assert "a shows no difference to b outside the spread by the linear" in sentence


def test_controls_appear_once_and_of_two_encoders_by_their_names(make):
    runs = [make("a"), make("b")]
    table = kerassl.compare(runs).to_markdown()
    assert table.count("raw pixels") == 2  # in its row and in the sentence
    assert table.count("| random ") == 1
    wide = make("wide", encoder={"class": "encoders.dense", "width": 99})
    table = kerassl.compare([*runs, wide]).to_markdown()
    assert table.count("| random of a ") == table.count("| random of wide ") == 1


def test_only_as_many_draws_as_all_have(make):
    more = [row("pretrained", "pretrained", [0.5, 0.6, 1.0])]
    found = kerassl.compare([make("a"), make("b", rows=more)])
    assert of(found.rows, "b")["mean"] == pytest.approx(55.0)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"data_used": {**DATA, "digest": "bb"}}, "other data than .*digest was 'aa'"),
        ({"test_used": {"digest": "cc"}}, "other examples beside .*test_used was None"),
        ({"report": {"transfer": None}}, "was not evaluated: `kerassl evaluate"),
        ({"protocol": {**PROTOCOL, "test_examples": 9}}, "test_examples was 20, now 9"),
    ],
)
def test_what_cannot_be_compared_is_one_line(changes, line, make):
    runs = [make("a"), make("b"), make("other", **changes)]
    found = kerassl.compare(runs)
    assert "other" not in {row["encoder"] for row in found.rows}
    (note,) = found.notes
    assert note.startswith("Not compared") and "other" in note and "\n" not in note

    assert re.search(line, note)


def test_a_seed_may_divide_the_data_otherwise(make):
    other = {**PROTOCOL, "fewest_labels": 3}
    runs = [make(name, 0) for name in "ab"]
    runs += [make(name, 1, protocol=other) for name in "ab"]
    found = kerassl.compare(runs)
    assert found.notes == [] and of(found.rows, "b")["seeds"] == [0, 1]
    options = {**other, "options": {"linear_probe": {"strengths": [1.0]}}}
    found = kerassl.compare([*runs, make("b", 2, protocol=options)])
    (note,) = found.notes
    assert "b with seed 2 was measured otherwise: options was None" in note
    assert of(found.rows, "b")["seeds"] == [0, 1]


def test_an_unfinished_run_is_told(make, tmp_path):
    runs = [make("a"), make("b")]
    (tmp_path / "b-seed0" / "report.json").unlink()
    (note,) = kerassl.compare(runs).notes
    assert "not finished" in note
    with pytest.raises(ValueError, match="hold nothing to compare. .*not finished"):
        kerassl.compare(runs[1:])


def test_values_tell_runs_of_one_preset_apart(make):
    runs = [
        make("a", folder=f"run{t}", model={"class": "A", "temperature": t})
        for t in (0.1, 0.5)
    ]
    labels = {r["encoder"] for r in kerassl.compare(runs).rows}
    assert {"a (model.temperature 0.1)", "a (model.temperature 0.5)"} <= labels


def test_losses_stand_beside_each_other_only_of_one_task(make):
    width = {"class": "encoders.dense", "width": 4}
    same = [make("a"), make("a", folder="thin", encoder=width)]
    assert len(kerassl.compare(same).losses) == 2
    assert kerassl.compare([same[0], make("b")]).losses == {}


def test_other_measures_are_told_by_their_verdicts(make):
    def report(bits):
        told = {"unit": "bits a byte", "against": "a byte 8-gram model"}
        told |= {"lower_is_better": True, "figures": {"input": 2.0, "pretrained": bits}}
        verdict = {"perplexity": {"what": "The language model", **told}}
        return {"transfer": None, "held_out": {"nats": 1.0}, "verdict": verdict}

    runs = [make("small", seed, report=report(1.9 + seed / 9)) for seed in (0, 1)]
    runs += [make("large", seed, report=report(1.7 + seed / 9)) for seed in (0, 1)]
    found = kerassl.compare(runs)
    assert found.verdict.sentence.startswith(
        "large is 0.200 ± 0.000 bits a byte better than small by perplexity."
    )
    assert of(found.rows, "large", None)["budget"] == "bits a byte"


def test_bits_of_other_tokens_are_not_compared(make):
    verdict = {"unit": "bits a token", "figures": {"pretrained": 3.0}, "what": "it"}
    report = {"transfer": None, "held_out": {"nats": 1.0}}
    report["verdict"] = {"perplexity": {**verdict, "against": "counting"}}
    with pytest.raises(ValueError, match="share no measure"):
        kerassl.compare([make("a", report=report), make("b", report=report)])


def test_a_table_fits_the_width(make):
    rows = [
        row("pretrained", "pretrained", [0.5, 0.6], labels=labels)
        for labels in (1, 5, 10, 50, 100, None)
    ]
    found = kerassl.compare([make("a", rows=rows), make("b", rows=rows)])
    table = [line for line in found.to_markdown(72).splitlines() if line[:1] == "|"]
    assert max(map(len, table)) <= 72
    whole = found.to_markdown()
    for budget in ("1 a class", "50 a class", "all labels"):
        assert budget in whole and any(budget in line for line in table)


def test_a_single_subject_stands_beside_its_input(make):
    found = kerassl.compare([make("a", seed) for seed in range(3)])
    assert found.differences == []
    assert "a is 15.0 ± 0.0 points better than raw pixels" in found.verdict.sentence


def test_the_command_prints_and_writes(make, tmp_path, capsys):
    runs = [make("a", reached=(0.7, 0.8)), make("b")]
    for ending in ("png", "md", "json", "csv"):
        out = tmp_path / f"compare.{ending}"
        assert main(["compare", *runs, "--out", str(out)]) == 0
        said = capsys.readouterr().out
        assert said.startswith("With 10 labels a class, a is") and str(out) in said
    assert (tmp_path / "compare.png").stat().st_size > 10_000
    kept = json.loads((tmp_path / "compare.json").read_text())
    assert kept["verdict"]["better"] is True and kept["differences"]
    with open(tmp_path / "compare.csv", newline="") as file:
        first = next(csv.DictReader(file))
    assert first["encoder"] == "a" and first["figures"] == "75.0"


def test_the_picture_has_figures_differences_and_losses(make):
    width = {"class": "encoders.dense", "width": 4}
    figure = kerassl.compare([make("a"), make("a", folder="b", encoder=width)]).figure()
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["linear probe", "", "loss, a line for each seed"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "There is no run in nowhere or runs"),
        (["RUN", "RUN"], "must name each run once"),
        (["RUN", "--out", "a.doc"], "`out` must end in .md, .json, .csv"),
        (["RUN", "--out", "no/a.png"], "'no' is not a folder"),
        (["RUN", "SAME"], "must not count a seed twice"),
    ],
)
def test_wrong_words_are_told_in_a_line(words, message, make, capsys):
    given = {"RUN": make("a"), "SAME": make("a", folder="again")}
    assert main(["compare", *(given.get(word, word) for word in words)]) == 2
    said = capsys.readouterr().err
    assert message in said and "Traceback" not in said and said.count("\n") == 1


@pytest.mark.parametrize(
    ("runs", "error", "message"),
    [
        ("runs/a", TypeError, "`runs` must be a list of runs"),
        (3, TypeError, "`runs` must be a list of runs"),
        ([], ValueError, "`runs` must name a run or more"),
        ([3], TypeError, "run"),
    ],
)
def test_wrong_runs_are_refused(runs, error, message):
    with pytest.raises(error, match=message):
        kerassl.compare(runs)
