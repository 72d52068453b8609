"""Runs on one's own data: what they keep out, are given beside, and find later."""

import json

import keras
import numpy as np
import pytest

import kerassl
from kerassl import encoders, models, pretext
from kerassl.callbacks import latest_checkpoint, read_log
from kerassl.data import ArraySource
from kerassl.pretraining import calls
from kerassl.runs import Run

OPTIONS = {
    "methods": ["linear_probe"],
    "labels_per_class": [2],
    "draws": 2,
    "controls": ["input"],
}


def images(count=40, seed=0, labels=None):
    """Bright and dark images, in turn."""
    x = np.random.default_rng(seed).integers(0, 128, (count, 8, 8, 1))
    x[1::2] += 128
    return ArraySource(x.astype("uint8"), labels)


def labelled(count=40, seed=0):
    return images(count, seed, np.arange(count) % 2)


def task():
    keras.backend.clear_session()  # so that its layers have the same names each time
    keras.utils.set_random_seed(0)
    encoder = encoders.dense((8, 8, 1), hidden_dims=(4,))
    return models.Autoencoder(encoder, pretext.Reconstruct())


def pretrain(out, data, steps=6, **options):
    return kerassl.pretrain(
        task(), data, out=out, steps=steps, batch_size=8, progress=False, **options
    )


@pytest.fixture
def fast(monkeypatch):
    measures = (kerassl.transfer.Classification(**OPTIONS), "reconstruction")
    monkeypatch.setattr(models.Autoencoder, "default_measures", measures)


def weights(path):
    return Run(path).encoder.get_weights()


def assert_equal(one, two):
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_run_without_labels_measures_what_it_kept_out(tmp_path):
    run = pretrain(tmp_path, images(100))
    assert run.config["held_out"] == 0.05
    assert run.report["data"]["examples"] == 95
    found = run.measures["reconstruction"]
    assert found["caption"].startswith("5 examples")
    page = str(run)
    assert "5 of the 100 examples are kept out of training to test." in page
    assert page.splitlines()[2] == found["verdict"]["sentence"]
    assert "Left out was the measure classification: it needs a class" in page
    # Asked again, it is the same run.
    before = (tmp_path / "report.json").stat().st_mtime_ns
    pretrain(tmp_path, images(100))
    assert (tmp_path / "report.json").stat().st_mtime_ns == before


def killed(out, data, **options):
    """Trains, and leaves what a run leaves that was killed before its last step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calls, "save", lambda *args: None)
        patch.setattr(calls, "_findings", lambda *args: calls.Findings())
        patch.setattr(calls, "write_report", lambda *args: None)
        pretrain(out, data, checkpoint_seconds=0, **options)
    (out / "checkpoints" / "step-00000006.npz").unlink()
    assert latest_checkpoint(out / "checkpoints")[1] == 5


def test_a_killed_run_goes_on_bit_for_bit(tmp_path):
    data, validation = images(60), images(20, seed=5)
    plain = pretrain(tmp_path / "plain", data)
    whole = pretrain(tmp_path / "whole", data, validation_data=validation)
    killed(tmp_path / "killed", data, validation_data=validation)
    resumed = pretrain(tmp_path / "killed", data, validation_data=validation)
    assert_equal(weights(whole.path), weights(resumed.path))
    # To watch the loss changes nothing either.
    assert_equal(weights(whole.path), weights(plain.path))
    one, two = (read_log(run.path / "history.jsonl") for run in (whole, resumed))
    assert [row["step"] for row in one] == [1, 2, 3, 4, 5, 6]
    assert [row["val_loss"] for row in one] == [row["val_loss"] for row in two]
    assert len({row["val_loss"] for row in one}) == 6
    assert "val_loss" not in read_log(plain.path / "history.jsonl")[-1]
    assert whole.measures == resumed.measures


def test_the_loss_is_watched_on_the_same_examples(tmp_path):
    validation = images(8, seed=5)
    run = pretrain(tmp_path, images(), steps=2, validation_data=validation)
    trained = run.task
    x = trained.pretext.prepare(validation.fetch(np.arange(8)))
    wanted = trained.evaluate(x, x, verbose=0, return_dict=True)
    last = read_log(tmp_path / "history.jsonl")[-1]
    assert last["val_loss"] == pytest.approx(wanted["loss"], rel=1e-5)
    assert last["val_squared_error"] == pytest.approx(wanted["squared_error"], 1e-4)


def test_a_run_begun_before_goes_on_with_all_its_examples(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(calls, "divided_like", lambda path, plan: without(plan))
        whole = pretrain(tmp_path / "whole", images())
        killed(tmp_path / "killed", images())
    for name in ("whole", "killed"):
        assert "held_out" not in Run(tmp_path / name).config
    resumed = pretrain(tmp_path / "killed", images())
    assert resumed.report["data"]["examples"] == 40
    assert_equal(weights(whole.path), weights(resumed.path))
    assert "Nothing was kept out of training" in str(resumed)
    with pytest.raises(ValueError, match="These data have no labels"):
        kerassl.evaluate(resumed.path, data=images(), progress=False)
    found = kerassl.evaluate(
        resumed.path, data=images(), test_data=images(9, seed=3), progress=False
    )
    assert found.measures["reconstruction"]["caption"].startswith("9 examples")


def without(plan):
    return {key: value for key, value in plan.items() if key != "held_out"}


def test_test_data_are_measured_on_and_all_others_trained_on(tmp_path, fast):
    test = labelled(10, seed=1)
    run = pretrain(tmp_path, labelled(), test_data=test, validation_data=labelled(8, 2))
    assert run.report["data"]["examples"] == 40
    protocol = run.report["transfer"]["protocol"]
    assert protocol["test_examples"] == 10 and protocol["validation_examples"] == 8
    assert "Tested on examples that were given: <ArraySource>." in str(run)
    # Of two labels a class none can be spared, so without these nothing is chosen.
    for row in run.report["transfer"]["rows"]:
        assert all(each["validation_accuracy"] is not None for each in row["settings"])
    with pytest.raises(ValueError, match="another configuration: validation_data"):
        pretrain(tmp_path, labelled(), test_data=test)
    # Evaluated anew it takes the same.
    with pytest.raises(ValueError, match="`data` is needed"):
        kerassl.evaluate(tmp_path, progress=False)


def test_an_evaluation_adds_to_the_report(tmp_path, fast):
    run = pretrain(tmp_path, labelled())
    first = run.report["transfer"]
    again = kerassl.evaluate(tmp_path, data=labelled(), seed=3, progress=False)
    assert again.report["transfer"]["protocol"]["seeds"] == [3, 4]
    (earlier,) = again.report["earlier"]
    assert earlier["transfer"] == first and earlier["asked"]["seed"] == 0
    page = (tmp_path / "report.md").read_text()
    assert f"## Earlier, {earlier['date']}: seed 0" in page
    assert page.count("| linear probe | pretrained |") == 2
    # A third, on data at a path: asked twice, it stands there once.
    np.save(tmp_path / "test.npy", images(10, seed=1).fetch(np.arange(10)).numpy())
    for _ in range(2):
        kerassl.evaluate(
            tmp_path, data="digits", test_data=tmp_path / "test.npy", progress=False
        )
    report = Run(tmp_path).report
    assert [each["asked"]["test"] for each in report["earlier"]] == [None, None]
    assert report["asked"]["test"] == str(tmp_path / "test.npy")
    assert report["earlier"][1]["transfer"] == first


def test_a_report_of_before_stays_below_the_new(tmp_path, fast):
    run = pretrain(tmp_path, labelled())
    old = dict(run.report)
    for key in ("page", "asked", "earlier"):
        del old[key]
    (tmp_path / "report.json").write_text(json.dumps(old))
    sentence = old["verdict"]["classification"]["sentence"]
    assert Run(tmp_path).measures["classification"] == old["transfer"]
    kerassl.evaluate(tmp_path, data=labelled(), seed=1, progress=False)
    (earlier,) = Run(tmp_path).report["earlier"]
    assert earlier["transfer"] == old["transfer"] and "asked" not in earlier
    page = (tmp_path / "report.md").read_text()
    assert sentence in page.partition("## Earlier")[2]
    for name, wrong in ("test_data", ["a text"]), ("validation_data", "nowhere.npy"):
        with pytest.raises((ValueError, OSError), match=f"`{name}`: "):
            kerassl.evaluate(tmp_path, data=labelled(), **{name: wrong})
    assert (tmp_path / "report.md").read_text() == page


@pytest.mark.parametrize("name", ["test_data", "validation_data"])
@pytest.mark.parametrize(
    "given, message",
    [
        (ArraySource(["a text"]), "of the kind that `data` holds, image"),
        (ArraySource(np.zeros((4, 9, 9, 1), "uint8")), r"takes examples of .*8, 8, 1"),
        (labelled(4), None),
        ("nowhere.npy", "nowhere.npy"),
    ],
    ids=["texts", "a size", "classes", "a path"],
)
def test_what_does_not_fit_is_told_before_training(name, given, message, tmp_path):
    data = labelled()
    if message is None:
        data.labels, message = data.labels + 7, r"classes that `data` have .*\[0, 1\]"
    with pytest.raises((ValueError, OSError), match=f"`{name}`: .*{message}"):
        pretrain(tmp_path, data, **{name: given})
    assert not (tmp_path / "history.jsonl").exists()
