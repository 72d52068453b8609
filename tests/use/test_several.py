"""Several presets and seeds in one call, and values tried on validation data."""

import functools
import json
import sys

import numpy as np
import pytest

import kerassl
from kerassl import data, zoo
from kerassl.cli import DIVERGED, main
from kerassl.errors import TrainingDiverged
from kerassl.transfer import classification
from kerassl.transfer.measurements import Gain
from kerassl.use import several, tuning, tuning_trials, validating

QUICK = {"transfer.methods": ["knn"], "transfer.controls": ["input"]}
QUICK |= {"transfer.labels_per_class": [5], "transfer.draws": 2}


@pytest.fixture
def presets(tmp_path, monkeypatch):
    """Two presets that train in a second, as files in the working folder."""
    monkeypatch.chdir(tmp_path)
    # No map of the features, which takes longer than all else.
    monkeypatch.setattr(classification, "LEAST_MAP_EXAMPLES", 10**9)
    names = []
    for name, width in (("narrow", 4), ("wide", 16)):
        spec = zoo.config("autoencoder_dense")
        spec["name"] = name
        spec["data"] = {"class": "kerassl.data.digits", "size": 8}
        spec["encoder"] |= {"input_shape": [8, 8, 1], "hidden_dims": [width]}
        spec["pretext"] |= {"size": 8}
        spec["recipe"] |= {"steps": 2, "batch_size": 8}
        (tmp_path / f"{name}.json").write_text(json.dumps(spec))
        names.append(f"{name}.json")
    return names


def test_presets_and_seeds_are_runs_and_a_comparison(presets, tmp_path, capsys):
    words = ["--seeds", "0", "1", "--quiet"]
    words += [w for k, v in QUICK.items() for w in ("--set", f"{k}={json.dumps(v)}")]
    assert main(["pretrain", *presets, *words]) == 0
    said = capsys.readouterr().out
    assert said.startswith("With 5 labels a class, ")
    runs = sorted(path.parent.name for path in tmp_path.glob("runs/*/encoder.keras"))
    assert runs == ["narrow-seed0", "narrow-seed1", "wide-seed0", "wide-seed1"]
    kept = json.loads((tmp_path / "runs/comparison-narrow-wide.json").read_text())
    assert {r["encoder"] for r in kept["rows"]} >= {"narrow", "wide", "raw pixels"}
    assert (tmp_path / "runs/comparison-narrow-wide.png").stat().st_size > 10_000
    before = {p: p.stat().st_mtime_ns for p in tmp_path.glob("runs/*/encoder.keras")}
    found = kerassl.pretrain_all(presets, seeds=[0, 1], overrides=QUICK, progress=False)
    assert len(found.runs) == 4 and found.comparison.to_dict() == kept
    after = {p: p.stat().st_mtime_ns for p in tmp_path.glob("runs/*/encoder.keras")}
    assert before == after


def test_a_run_that_diverges_is_counted_and_left_out(
    presets, monkeypatch, capsys, tmp_path
):
    real = several.pretrain

    @functools.wraps(real)
    def diverging(preset, *args, seed, **options):
        if (preset, seed) == ("narrow.json", 1):
            raise TrainingDiverged(1, float("nan"))
        return real(preset, *args, seed=seed, evaluate=False, **options)

    monkeypatch.setattr(several, "pretrain", diverging)
    monkeypatch.setattr(several, "compare", lambda runs: _Compared(runs))
    words = ["pretrain", *presets, "--seeds", "0", "1"]
    monkeypatch.setattr(
        kerassl, "pretrain_all", lambda *a, evaluate, **o: several.pretrain_all(*a, **o)
    )
    assert main(words) == DIVERGED
    said = capsys.readouterr()
    assert "1 of 4 runs diverged and are left out:" in said.out
    assert "- runs/narrow-seed1: The loss became nan at step 1." in said.out
    assert "compared 3" in said.out
    assert "Run 3 of 4: wide, seed 0, in runs/wide-seed0" in said.err
    assert said.err.splitlines()[-1].startswith("kerassl: error: The loss became nan")


class _Compared:
    """Stands for a comparison, so that nothing need be measured."""

    def __init__(self, runs):
        self.runs = runs

    def to_markdown(self, width=None):
        return f"compared {len(self.runs)}"

    def save(self, path):
        path.write_text(self.to_markdown())


def test_one_preset_without_seeds_keeps_its_folder(presets, tmp_path, capsys):
    assert main(["pretrain", presets[0], "--no-evaluate", "--quiet"]) == 0
    assert (tmp_path / "runs/narrow/encoder.keras").is_file()
    assert not list(tmp_path.glob("runs/comparison*"))


def test_without_labels_the_runs_are_compared_by_their_task(presets, tmp_path):
    np.save(tmp_path / "x.npy", data.digits().fetch(range(40)).numpy())
    found = kerassl.pretrain_all(presets, "x.npy", seeds=[3], progress=False)
    assert len(found.runs) == 2
    assert {row["measure"] for row in found.comparison.rows} == {"reconstruction"}


def test_presets_of_other_data_are_warned_of(presets):
    with pytest.warns(UserWarning, match="read other data of their own"):
        several._warn_of_other_data(["simclr_digits", "simclr_fashion"], {})
    several._warn_of_other_data(presets, {"data.size": 8})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seeds", "0", "0"], "`seeds` must hold one or more, each once"),
        (["--seeds", "-1"], "`seed` must be an integer from 0"),
        (["--seeds", "1", "--seed", "2"], "--seed: give --seeds alone"),
        (["narrow.json", "--seeds", "1"], "`presets` must hold one or more, each once"),
        (["wide.json", "--set", "encoder.strides=2"], "takes no argument 'strides'"),
        (["wide.json", "--steps", "0"], "narrow.json: `steps` must be"),
        (["wide.json", "--tune", "recipe.steps=1,2"], "--tune: expected one preset"),
        (["--tune", "recipe.steps"], "--tune: expected KEY=VALUE,VALUE"),
        (["--tune", "recipe.steps="], "--tune: expected KEY=VALUE,VALUE"),
        (["--tune", "a=1,2", "--tune", "a=3"], "--tune: a is given twice"),
        (["--tune", "recipe.steps=1"], "`values` must leave something to choose"),
        (["--tune", "recipe.steps=1,1"], "must have one value or more, each once"),
        (["--tune", "recipe.stepz=1,2"], "Did you mean 'steps'"),
        (["--tune", "data.size=8,9"], "data.size changes what is measured"),
        (["--tune", "recipe.steps=1,2", "--trials", "1"], "`trials` must be an"),
        (["--trials", "3"], "--trials: expected --tune beside it"),
        (
            ["--tune", "recipe.steps=1,2", "--strategy", "multi_worker"],
            "`strategy` of a search must be of one process",
        ),
    ],
)
def test_wrong_words_are_told_before_anything_is_made(
    words, message, presets, capsys, tmp_path
):
    assert main(["pretrain", "narrow.json", *words, "--quiet"]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1 and "Traceback" not in said
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"presets": "narrow.json"}, TypeError, "`presets` must be a list"),
        ({"presets": []}, ValueError, "`presets` must hold one or more"),
        ({"seeds": 3}, TypeError, "`seeds` must be a list of integers"),
        ({"seeds": [0.5]}, TypeError, "`seeds` must be a list of integers"),
        ({"stepz": 3}, TypeError, "There is no option `stepz`"),
    ],
)
def test_wrong_arguments_are_refused(given, error, message, presets):
    with pytest.raises(error, match=message):
        kerassl.pretrain_all(**{"presets": presets, **given})


def test_values_are_chosen_on_training_examples_alone(presets, tmp_path, monkeypatch):
    pytest.importorskip("keras_tuner")
    tested = {
        image.tobytes() for image in data.digits("test").fetch(range(500)).numpy()
    }
    read, real = [], tuning.pretrain

    @functools.wraps(real)
    def spied(preset, source, **options):
        read.append(source)
        return real(preset, source, **options)

    def judged(run, parts):
        read.append(parts.validation)
        width = run.config["encoder"]["hidden_dims"][0]
        return validating.Validated((float(width), width + 1.0), "it", "%", False, 9)

    monkeypatch.setattr(tuning, "pretrain", spied)
    monkeypatch.setattr(tuning, "validated", judged)
    values = {"encoder.hidden_dims": [[2], [6], [4]]}
    found = kerassl.tune("narrow.json", values, overrides=QUICK, progress=False)
    for source in read:
        seen = {i.tobytes() for i in source.fetch(range(len(source))).numpy()}
        # Some digits of this small set are the same in both parts.
        assert len(seen & tested) <= 2
    fit, validation = read[:2]
    assert not {*fit.indices} & {*validation.indices}
    assert found.best == {"encoder.hidden_dims": [6]} and found.ahead.mean == 2.0
    (final,) = found.group.runs
    assert final.config["encoder"]["hidden_dims"] == [6] and final.measured
    assert final.config["data_used"]["examples"] > len(fit)
    page = (tmp_path / "runs/narrow-tuned/tuned.md").read_text()
    for width, figure in ((2, "2.5"), (6, "6.5"), (4, "4.5")):
        assert f"encoder.hidden_dims=[{width}]" in page and f"| {figure} ±" in page
    assert "(chosen)" in page and "On the test data:" in page


def test_what_is_chosen_says_whether_that_is_sure(tmp_path):
    def told(half_width, unit="%"):
        rows = [
            {"values": {"a": a}, "mean": m, "std": 0.25, "diverged": m is None}
            for a, m in ((1, 70.0), (2, 71.5), (3, None))
        ]
        ahead = Gain(1.5, half_width, "seeds", 3)
        group = several.RunGroup([], reason="nothing")
        by = ("linear probe", unit, False)
        found = tuning.Tuned(rows, {"a": 2}, *by, ahead, group, tmp_path)
        assert len(found.figure().axes[0].get_yticklabels()) == 2
        return found.to_markdown()

    assert "a=2 is the best, 1.5 ± 1.0 ahead of the next: linear probe." in told(1.0)
    assert "1.5 ± 2.0 ahead of the next, which is not sure: linear" in told(2.0)
    assert "| a=2 (chosen) | 71.5 ± 0.2 |\n| a=3 | diverged |" in told(1.0)
    assert "| a=1 | 70 ± 0.25 |" in told(1.0, unit="bits a byte")


def test_a_run_is_judged_by_labels_and_the_figure_is_kept(presets):
    plan = {**zoo.config("narrow.json"), "seed": 0}
    plan = {**plan, "transfer": {"labels_per_class": [5, 20], "draws": 2}}
    parts = validating.parted(plan, None, 0)
    asked = {f"transfer.{key}": value for key, value in plan["transfer"].items()}
    run = kerassl.pretrain(
        "narrow.json", parts.fit, overrides=asked, evaluate=False, progress=False
    )
    found = validating.validated(run, parts)
    assert found.by == "linear probe, 5 a class" and found.unit == "%"
    assert len(found.draws) == 2 and found.examples == len(parts.validation) == 260
    kept = run.path / validating.VALIDATION
    text = kept.read_text()
    kept.write_text(text.replace('"%"', '"kept"'))
    assert validating.validated(run, parts).unit == "kept"


def test_without_labels_values_that_change_the_task_are_refused(presets, tmp_path):
    images = data.digits().fetch(range(40)).numpy()
    plan = {**zoo.config("narrow.json"), "seed": 0}
    parts = validating.parted(plan, images, 0)
    with pytest.raises(ValueError, match="pretext.noise_std changes the task itself"):
        validating.check_judged(plan, parts, ["pretext.noise_std"])
    validating.check_judged(plan, parts, ["recipe.learning_rate", "model.criterion"])
    run = kerassl.pretrain("narrow.json", parts.fit, evaluate=False, progress=False)
    found = validating.validated(run, parts)
    assert "reconstruction" in found.by
    assert found.unit == "points of the variance" and not found.lower_is_better
    assert found.examples == 8 and found.draws[0] < 100


def test_trials_are_all_combinations_or_some_and_go_on_where_one_diverges():
    pytest.importorskip("keras_tuner")
    values = {"a": [1, 0.5, [2]], "b": ["x", None]}
    tried = []

    def score(found):
        tried.append(found)
        if found["a"] != 1:
            raise TrainingDiverged(1, float("nan"))
        return 1.0

    tuning_trials.search(values, None, 0, score)
    expected = [{"a": a, "b": b} for a in values["a"] for b in values["b"]]
    assert sorted(map(str, tried)) == sorted(map(str, expected))
    tried.clear()
    tuning_trials.search(values, 3, 0, score)
    again = [*tried]
    tried.clear()
    tuning_trials.search(values, 3, 0, score)
    assert tried == again and len(tried) == 3

    def wrong(found):
        raise ZeroDivisionError("oh")

    with pytest.raises(ZeroDivisionError, match="oh"):
        tuning_trials.search(values, None, 0, wrong)


def test_without_keras_tuner_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_tuner", None)
    with pytest.raises(ImportError, match=r"kerassl\[tune\]"):
        kerassl.tune("simclr_digits", {"model.temperature": [0.1, 0.2]})
