"""What a measure is, and measures of one's own in reports."""

import json

import keras
import numpy as np
import pytest
from presets import simclr

import kerassl
from kerassl import encoders, models, pretext, transfer, zoo
from kerassl.data import ArraySource, digits
from kerassl.pretraining.measuring import labels_wanted, measures_of

FAST = {"methods": ["knn"], "labels_per_class": [2], "draws": 1, "controls": ["random"]}
WITH_INPUT = {**FAST, "labels_per_class": [2, 5], "controls": ["input"], "draws": 2}


class Brightness(transfer.Measure):
    """The mean of the test images beside that of the others; it reads no labels."""

    name, unseen, heading = "brightness", True, "How bright they are:"

    def __init__(self, scale=1.0):
        self.scale = scale

    def __call__(self, task, train, test, *, seed=0, progress=True):
        rows = []
        for name, source in ("train", train), ("test", test):
            mean = float(np.mean(source.fetch(np.arange(len(source)))))
            rows.append({"part": name, "examples": len(source), "mean": mean})
        return Bright([{**row, "mean": self.scale * row["mean"]} for row in rows])


class Bright(transfer.Result):
    def figures(self):
        from matplotlib.figure import Figure

        return {"brightness": Figure()}


class Pairs(Brightness):
    """It needs labels that nobody has."""

    name, needs = "pairs", "pairs"


@keras.saving.register_keras_serializable(package="tests")
class Measured(models.Autoencoder):
    default_measures = (Brightness(2.0), transfer.Classification(**FAST), "perplexity")


def images(count=20, labels=None):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (count, 8, 8, 1)).astype("uint8")
    return ArraySource(x, labels)


def listed(*measures):
    """Returns the path-less preset of a tiny SimCLR that lists measures."""
    return simclr(measures=[{"class": f"kerassl.transfer.{m}"} for m in measures])


@pytest.fixture(autouse=True)
def own_kinds(monkeypatch):
    monkeypatch.setitem(kerassl.data.source.LABEL_KINDS, "pairs", "pairs of examples")


def trained(task_or_preset, data, out, **options):
    return kerassl.pretrain(
        task_or_preset, data, out=out, steps=1, batch_size=4, progress=False, **options
    )


def test_a_task_brings_a_measure_of_its_own(tmp_path):
    task = Measured(encoders.dense((8, 8, 1), hidden_dims=(4,)), pretext.Reconstruct())
    labels = np.arange(20) % 2
    run = trained(task, images(labels=labels), tmp_path)
    assert list(run.measures) == ["classification", "brightness"]
    assert run.report["measures"]["brightness"] == run.measures["brightness"]
    rows = run.measures["brightness"]["rows"]
    assert [row["examples"] for row in rows] == [16, 4]
    assert run.report["left_out"] == {
        "perplexity": "it needs a causal language model with a tokenizer"
    }
    page = (tmp_path / "report.md").read_text()
    assert "How bright they are:" in page and "| train | 16 |" in page
    assert "Left out was the measure perplexity: it needs a causal" in page
    assert (tmp_path / "brightness.png").stat().st_size > 100
    assert not list(tmp_path.glob("*.unfinished"))


class Judged(Brightness):
    """It compares what it finds with something."""

    name, heading = "judged", "How they compare:"

    def __call__(self, task, train, test, *, seed=0, progress=True):
        return JudgedResult([{"part": "all", "better": "by two"}], "Of two.")


class JudgedResult(transfer.Result):
    verdict = transfer.verdict([1.0, 3.0], what="It", against="nothing", unit="marks")

    def to_markdown(self):
        return f"{self.verdict.sentence}\n\n{super().to_markdown()}"


def test_a_page_begins_with_the_verdicts(tmp_path, monkeypatch):
    measures = (Brightness(), Judged(), transfer.Classification(**WITH_INPUT))
    monkeypatch.setattr(models.Autoencoder, "default_measures", measures)
    task = models.Autoencoder(
        encoders.dense((8, 8, 1), hidden_dims=(4,)), pretext.Reconstruct()
    )
    run = trained(task, images(40, np.arange(40) % 2), tmp_path)
    verdicts = run.report["verdict"]
    assert set(verdicts) == {"judged", "classification"}
    assert verdicts["judged"] == JudgedResult.verdict.to_dict()
    lines = (tmp_path / "report.md").read_text().splitlines()
    sentences = [verdicts[name]["sentence"] for name in ("judged", "classification")]
    assert lines[0].startswith("# ")
    assert [lines[2], lines[4]] == sentences
    assert lines[6].startswith("1 steps of 4 examples")
    # Each stands there once, and is what the run prints first.
    assert [lines.count(each) for each in sentences] == [1, 1]
    assert str(run).splitlines()[2] == sentences[0]
    names = {row["encoder"] for row in run.measures["classification"]["rows"]}
    assert {"pretrained", "raw pixels"} <= names
    again = transfer.Comparison.from_dict(run.measures["classification"])
    assert again.verdict.sentence == sentences[1]


def test_a_preset_lists_its_measures(tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "Brightness", Brightness, raising=False)
    monkeypatch.setattr(Brightness, "__module__", "kerassl.transfer.brightness")
    spec = listed("Brightness", "Classification")
    spec["transfer"] = FAST
    path = tmp_path / "own.json"
    path.write_text(json.dumps(spec))
    run = trained(path, images(), tmp_path / "unlabelled")
    rows = run.measures["brightness"]["rows"]
    assert [row["examples"] for row in rows] == [16, 4]
    reason = "it needs a class of each example, and the data have no labels"
    assert run.report["left_out"] == {"classification": reason}
    run = trained(path, images(40, np.arange(40) % 2), tmp_path / "labelled")
    assert list(run.measures) == ["classification", "brightness"]
    assert run.measures["classification"]["protocol"]["draws"] == 1
    again = kerassl.evaluate(
        run.path,
        data=images(30, np.arange(30) % 3),
        overrides={"transfer.draws": 2},
        progress=False,
    )
    assert again.measures["classification"]["protocol"]["draws"] == 2


def test_a_run_that_measured_nothing_is_not_measured_again(tmp_path, monkeypatch):
    task = models.Autoencoder(
        encoders.dense((8, 8, 1), hidden_dims=(4,)), pretext.Reconstruct()
    )
    monkeypatch.setattr(models.Autoencoder, "default_measures", (Pairs(),))
    monkeypatch.setattr(Pairs, "left_out", lambda *_: "it is tired")
    source = images()
    source.labels, source.label_kind = np.zeros((20, 2)), "pairs"
    run = trained(task, source, tmp_path)
    assert run.measured and run.measures == {}
    before = (tmp_path / "report.json").stat().st_mtime_ns
    trained(task, source, tmp_path)
    assert (tmp_path / "report.json").stat().st_mtime_ns == before


def test_labels_of_another_kind():
    task = models.Autoencoder(encoders.dense((8, 8, 1)), pretext.Reconstruct())
    source = images(4, np.arange(4))
    assert transfer.Classification().left_out(task, source) is None
    assert Pairs().left_out(task, source) == (
        "it needs pairs of examples, and the data have a class of each example"
    )


def test_for_which_labels_examples_are_kept_out():
    gpt = zoo.config("gpt2_tiny")
    assert labels_wanted(gpt, measures_of(gpt)) == {"classes"}
    spec = listed("Classification", "Perplexity")
    assert labels_wanted(spec, measures_of(spec)) == {"classes", None}
    # A run of before this was written down kept examples without labels out only
    # where its preset asked for it.
    divided = {**gpt, "held_out": 0.05}
    assert labels_wanted(divided, measures_of(divided)) == {"classes", None}


def test_options_come_from_the_section_and_the_list():
    spec = listed("Classification")
    spec["transfer"] = {"draws": 5, "methods": ["knn"]}
    spec["measures"][0]["draws"] = 7
    (measure,) = measures_of(spec)
    assert measure.options["draws"] == 7 and measure.options["methods"] == ["knn"]
    measure, *_ = measures_of({k: v for k, v in spec.items() if k != "measures"})
    assert measure.options["draws"] == 5


@pytest.mark.parametrize(
    "measures, message",
    [
        ({}, "section 'measures': expected a list"),
        (["perplexity"], "expected objects, each with a 'class'"),
        ([{"draws": 1}], "expected objects, each with a 'class'"),
    ],
)
def test_a_section_of_another_shape_is_refused(measures, message):
    with pytest.raises(ValueError, match=message):
        zoo.validate(simclr(measures=measures))


@pytest.mark.parametrize(
    "measure, message",
    [
        ({"class": "kerassl.models.SimCLR"}, "is no measure that a file may name"),
        ({"class": "os.system"}, "expected a name of kerassl"),
        ({"class": "kerassl.transfer.Perplexity", "draws": 2}, "no argument 'draws'"),
        ({"class": "kerassl.transfer.Classification", "draws": 0}, "`draws` must be"),
    ],
)
def test_a_wrong_measure_is_refused_before_training(measure, message, tmp_path):
    path = tmp_path / "own.json"
    path.write_text(json.dumps(simclr(measures=[measure])))
    with pytest.raises(ValueError, match=message):
        trained(path, None, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_measures_decide_a_configuration_that_has_them():
    assert zoo.config_hash(simclr()) != zoo.config_hash(listed("Perplexity"))


def test_an_unknown_name_is_told():
    class Wrong(models.Autoencoder):
        default_measures = ("accuracy",)

    with pytest.raises(ValueError, match="some of classification, .*accura"):
        measures_of({}, Wrong)


def test_a_result_is_a_table():
    rows = [{"encoder": "random", "of": 3, "share": np.float32(0.25)}]
    result = transfer.Result(rows, "Of 4 images.")
    assert result.to_markdown().splitlines() == [
        "Of 4 images.",
        "",
        "| encoder | of | share |",
        "| --- | ---: | ---: |",
        "| random | 3 | 0.250 |",
    ]
    assert result.to_dict() == {"caption": "Of 4 images.", "rows": rows}
    assert result.figures() == {}


def test_classification_brings_its_controls_and_pictures():
    task = models.Autoencoder(
        encoders.dense((8, 8, 1), hidden_dims=(8,)), pretext.Reconstruct()
    )
    sets = digits("train"), digits("test")
    found = transfer.Classification(**FAST)(task, *sets, progress=False)
    assert [row["encoder"] for row in found.rows] == ["pretrained", "random"]
    assert set(found.figures()) == {"few_labels", "embedding"}
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
