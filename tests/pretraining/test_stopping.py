"""Callbacks of one's own, early stopping, and what a report tells of an end."""

import keras
import numpy as np
import pytest

import kerassl
from kerassl import encoders, models, pretext
from kerassl.callbacks import read_log
from kerassl.errors import UserError
from kerassl.pretraining.stopping import told

IMAGES = np.random.default_rng(0).integers(0, 256, (24, 4, 4, 1)).astype(np.uint8)
STEPS = 9  # a line of the history each


def task(rate=0.1):
    keras.utils.clear_session()  # names by which a run is told
    keras.utils.set_random_seed(0)
    made = models.Autoencoder(
        encoders.dense((4, 4, 1), hidden_dims=(3,)), pretext=pretext.Reconstruct()
    )
    made.compile(keras.optimizers.SGD(rate), jit_compile=False)
    return made


def pretrain(path, rate=0.1, **options):
    options = {"steps": STEPS, "batch_size": 8, **options}
    return kerassl.pretrain(
        task(rate), IMAGES, out=path, evaluate=False, progress=False, **options
    )


class Watch(keras.callbacks.Callback):
    """Notes what it sees; stops, or fails, after some steps."""

    def __init__(self, stop_after=None, fail_after=None):
        super().__init__()
        self.stop_after, self.fail_after = stop_after, fail_after
        self.steps, self.epochs = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append(float(logs["loss"]))
        if len(self.steps) == self.stop_after:
            self.model.stop_training = True
        if len(self.steps) == self.fail_after:
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(dict(logs))


def weights(run):
    return [np.asarray(w) for w in run.encoder.get_weights()]


def assert_same(a, b):
    for one, other in zip(weights(a), weights(b), strict=True):
        np.testing.assert_array_equal(one, other)


def test_callbacks_see_all_and_are_no_part_of_the_run(tmp_path):
    watch = Watch()
    run = pretrain(tmp_path / "with", callbacks=[watch])
    assert len(watch.steps) == STEPS
    assert [e["loss"] for e in watch.epochs] == [r["loss"] for r in rows(run)]
    again = pretrain(tmp_path / "with", callbacks=Watch(stop_after=1))
    assert again.report["date"] == run.report["date"]
    without = pretrain(tmp_path / "without")
    assert without.report["config_hash"] == run.report["config_hash"]
    assert_same(run, without)
    assert run.report["stopped"] is None and "Stopped" not in page(run)


def rows(run):
    return read_log(run.path / "history.jsonl")


def page(run):
    return (run.path / "report.md").read_text()


def test_a_callback_ends_a_run_and_the_report_says_so(tmp_path):
    run = pretrain(tmp_path, callbacks=[Watch(stop_after=7)])
    assert run.report["stopped"]["step"] == rows(run)[-1]["step"] == 7
    assert (
        "Stopped at step 7 of 9: a callback set `stop_training`.\n"
        "The weights are the last ones."
    ) in page(run)
    assert pretrain(tmp_path).report["stopped"]["step"] == 7  # finished as it is


def test_early_stopping_is_the_same_after_a_kill(tmp_path):
    # Nothing moves at rate 0, so nothing improves after the first line.
    options = {"rate": 0.0, "validation_data": IMAGES[:8], "early_stop": 3}
    whole = pretrain(tmp_path / "whole", **options)
    assert whole.report["stopped"]["step"] == 4
    assert "since" in page(whole) and "at step 1" in page(whole)
    with pytest.raises(KeyboardInterrupt):
        killed = [Watch(fail_after=3)]
        pretrain(tmp_path / "killed", callbacks=killed, checkpoint_seconds=0, **options)
    resumed = pretrain(tmp_path / "killed", **options)
    assert resumed.report["stopped"] == whole.report["stopped"]
    losses = [[row["val_loss"] for row in rows(run)] for run in (whole, resumed)]
    assert losses[0] == losses[1]
    assert_same(whole, resumed)
    with pytest.raises(UserError, match="another configuration.*early_stop"):
        pretrain(tmp_path / "whole", **{**options, "early_stop": 4})


def test_the_best_weights_are_kept_if_asked(tmp_path):
    options = {"rate": 300.0, "validation_data": IMAGES[:8], "early_stop": 2}
    last = pretrain(tmp_path / "last", **options)
    best = pretrain(tmp_path / "best", restore_best=True, **options)
    stopped = best.report["stopped"]
    least = min(rows(best), key=lambda row: row["val_loss"])["step"]
    assert stopped["weights_of_step"] == least < stopped["step"]
    assert f"The weights are those of step {least}" in page(best)
    assert rows(last)[-1]["val_loss"] == rows(best)[-1]["val_loss"]
    found = best.task.evaluate(IMAGES[:8], verbose=0, return_dict=True)["loss"]
    expected = next(r["val_loss"] for r in rows(best) if r["step"] == least)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


WRONG = {
    "no patience": ({"early_stop": 0}, "`early_stop` must be an integer >= 1"),
    "words": ({"early_stop": "soon"}, "`early_stop` must be an integer >= 1"),
    "true": ({"early_stop": True}, "`early_stop` must be an integer >= 1"),
    "nothing to watch": ({"early_stop": 2}, "give `validation_data` too"),
    "best of nothing": ({"restore_best": True}, "`restore_best` must be False"),
    "no callback": ({"callbacks": [3]}, "`callbacks` must be a list.*int"),
    "a class": ({"callbacks": [Watch]}, "`callbacks` must be a list"),
    "unknown tracker": ({"track": "comet"}, "`track` must be one of"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_arguments_are_told_before_anything_is_written(what, tmp_path):
    options, message = WRONG[what]
    with pytest.raises(UserError, match=message) as raised:
        pretrain(tmp_path / "run", **options)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_a_run_as_planned_tells_nothing():
    assert told({"recipe": {"steps": 3}}) == []
