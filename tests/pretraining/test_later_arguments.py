"""Arguments that came later: an old run goes on without, a new one states them."""

import json

import numpy as np
import pytest

import kerassl
from kerassl import runs
from kerassl.callbacks import latest_checkpoint
from kerassl.pretext import SpanCorruption
from kerassl.pretraining import calls
from kerassl.pretraining.later_arguments import as_it_was, told_like, with_defaults

SPANS = "kerassl.pretext.SpanCorruption"
OTHER = "kerassl.pretext.ImagesAndNoise"
TEXTS = ["the cat sat on the mat", "a dog ran over two hills"] * 16
SMALL = {
    "tokenizer.vocabulary_size": 60,
    "encoder.num_layers": 1,
    "encoder.hidden_dim": 16,
    "encoder.intermediate_dim": 32,
    "pretext.sequence_length": 16,
}


def test_a_new_plan_states_them_and_an_old_one_what_was():
    plan = {"pretext": {"class": SPANS}, "parts": [{"class": OTHER}], "seed": 0}
    new = with_defaults(plan)
    assert new["pretext"] == {"class": SPANS, "end_token": True}
    assert as_it_was(plan)["pretext"]["end_token"] is False
    assert new["parts"] == plan["parts"] and as_it_was(new) == new
    assert plan["pretext"] == {"class": SPANS}  # nothing in place


def test_what_is_asked_for_goes_before_what_was():
    stored = as_it_was({"pretext": {"class": SPANS}, "parts": [{"class": SPANS}]})
    silent = {"pretext": {"class": SPANS}, "parts": [{"class": SPANS}]}
    assert told_like(silent, stored) == stored
    asked = {"pretext": {"class": SPANS, "end_token": True}}
    assert told_like(asked, stored) == asked
    other = {"pretext": {"class": OTHER}, "parts": []}
    assert told_like(other, stored) == other


def test_the_configuration_of_a_task_of_ones_own():
    config = {"registered_name": "kerassl>SpanCorruption", "config": {"sentinels": 9}}
    stored = {"model": {"class": "Mine", "config": {"pretext": config}}}
    filled = as_it_was(stored)["model"]["config"]["pretext"]["config"]
    assert filled == {"sentinels": 9, "end_token": False}


@pytest.mark.parametrize("name", [None, 3, "no.such.Part", "os.system"])
def test_a_name_that_is_none_is_left_to_others(name):
    plan = {"model": {"class": name, "config": {"registered_name": name}}}
    assert as_it_was(plan) == with_defaults(plan) == plan


def test_an_old_run_goes_on_to_the_bit(tmp_path, monkeypatch):
    """As a run of 0.2.0 that was killed: its plan does not name `end_token`."""
    old = {**SMALL, "pretext.end_token": False}
    whole = train(tmp_path / "whole", old)
    with monkeypatch.context() as patch:
        patch.setattr(calls, "save", lambda *args: None)
        patch.setattr(calls, "write_report", lambda *args: None)
        train(tmp_path / "killed", old)
    config = tmp_path / "killed" / runs.CONFIG
    plan = json.loads(config.read_text())
    del plan["pretext"]["end_token"]
    config.write_text(json.dumps(plan))
    held = tmp_path / "killed" / runs.CHECKPOINTS
    latest_checkpoint(held)[0].unlink()
    assert latest_checkpoint(held)[1] == 4
    resumed = train(tmp_path / "killed", SMALL)  # by the same command
    assert not resumed.task.pretext.end_token
    for a, b in zip(whole.task.get_weights(), resumed.task.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="pretext.end_token was False, now True"):
        train(tmp_path / "killed", {**SMALL, "pretext.end_token": True})


def test_a_new_run_has_the_end_token_and_is_itself_again(tmp_path):
    run = train(tmp_path / "run", SMALL)
    assert run.config["pretext"]["end_token"] and run.task.pretext.end_token
    assert train(tmp_path / "run", SMALL).report == run.report


def test_a_task_file_without_the_argument_loads_as_it_was():
    config = SpanCorruption(sequence_length=16).get_config()
    del config["end_token"]
    layer = SpanCorruption.from_config(config)
    assert not layer.end_token
    assert layer.target_length == SpanCorruption(sequence_length=16).target_length - 1


def train(out, overrides):
    return kerassl.pretrain(
        "t5_tiny",
        TEXTS,
        out=out,
        steps=5,
        batch_size=16,
        overrides=overrides,
        evaluate=False,
        progress=False,
        checkpoint_seconds=0,
    )
