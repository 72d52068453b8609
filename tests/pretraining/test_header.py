"""What a run tells of itself before it trains."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kerassl import distribute
from kerassl.data import ArraySource
from kerassl.pretraining.given import Examples
from kerassl.pretraining.header import header, tell
from kerassl.pretraining.plan import run_plan


class Measure:
    fallback = False

    def told(self):
        return "classes by kNN"

    def left_out(self, task, test):
        return None


@pytest.fixture
def lines(tmp_path):
    return lambda *given, **more: said(tmp_path, *given, **more)


def said(
    path, preset="simclr_digits", vocabulary=None, notes=(), start=0, test=None, **more
):
    plan, rules = run_plan(preset, None, None, more.pop("steps", None), None, 0)
    measures = more.pop("measures", [Measure()])
    plan |= {"data_used": {"notes": list(notes)}, **more}
    tokenizer = SimpleNamespace(vocabulary_size=lambda: vocabulary)
    pretext = SimpleNamespace(tokenizer=tokenizer if vocabulary else None)
    encoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(500)])
    task = keras.Sequential([encoder, keras.layers.Dense(1)])
    task.encoder, task.pretext = encoder, pretext
    if start:
        (path / "checkpoints").mkdir()
        (path / "checkpoints" / f"step-{start:08d}.npz").touch()
    train = ArraySource(np.zeros((300, 2)))
    return header(plan, rules, Examples(train, test), task, path, measures)


def test_a_run_is_told_in_a_line_for_each_fact(lines, tmp_path):
    told = lines(test=ArraySource(np.zeros((1200, 2))))
    assert [line[:10].strip() for line in told] == [
        "run",
        "device",
        "examples",
        "encoder",
        "training",
        "measures",
    ]
    assert told[0].endswith(f"simclr_digits in {tmp_path}") and "CPU" in told[1]
    assert told[2].endswith("300 examples; 1,200 more to test on")
    assert told[3].endswith("1,500 parameters; 2,001 with all that trains it")
    assert told[4] == (
        "training  400 steps of 256; learning rate 0.002 after 33 steps of warm-up, "
        "falling to 0"
    )
    assert told[5] == "measures  classes by kNN"


def test_what_is_not_measured_is_told(lines):
    assert lines()[-1] == "measures  none: nothing was kept out to test on"
    assert lines(measures=None)[-1] == "measures  none, as asked for"


def test_a_resumed_run_says_where_it_goes_on(lines):
    assert "resumed   from step 120 of 400" in lines(start=120)


def test_each_players_rate_is_told(lines):
    told = lines("dcgan_fashion")[4]
    assert "0.0002 (discriminator), 0.0002 (generator), falling to 0" in told


def test_what_the_data_have_changed_is_told(lines):
    told = lines(fitted={"batch_size": 64, "learning_rate": 0.001})
    assert "steps of 64" in told[4] and "learning rate 0.001" in told[4]
    assert told[6] == "Batch 256 -> 64: there are not more examples."
    assert "(sqrt): the preset's is for 256" in told[7]


def test_lines_are_folded_for_a_terminal_alone(capsys, monkeypatch):
    line = "measures  " + "word " * 30
    tell([line.strip()])
    assert capsys.readouterr().err.splitlines() == [line.strip()]
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    tell([line])
    said = capsys.readouterr().err.splitlines()
    assert len(said) > 2 and all(len(each) <= 60 for each in said)
    assert all(each.startswith(" " * 10 + "word") for each in said[1:])


@pytest.mark.parametrize(
    ("vocabulary", "told"),
    [(8000, False), (2113, "Vocabulary 8,000 -> 2,113: the texts do not give more.")],
)
def test_a_smaller_vocabulary_is_told(lines, vocabulary, told):
    assert (told in lines("bert_tiny", vocabulary)) == bool(told)


@pytest.mark.parametrize(("share", "told"), [(0.0, False), (0.004, False), (0.3, True)])
def test_many_unknown_tokens_are_told(lines, share, told):
    said = lines("bert_tiny", 8000, unknown_share=share)
    assert any("30.0% of the tokens are unknown" in line for line in said) == told


def test_notes_of_the_data_and_the_next_stage_are_told(lines):
    stage = {"start": 600, "steps": 1200, "warmup_steps": 1}
    told = lines(
        notes=["3 files in `val` are left aside."],
        start=600,
        steps=1200,
        stages=[{"start": 0, "steps": 600, "warmup_steps": 50}, stage],
    )
    assert told[4].endswith("step of warm-up, falling to 0")
    assert told[5].endswith("from step 600 of 1,200, with a new schedule")
    assert told[-1] == "3 files in `val` are left aside."


@pytest.mark.parametrize("name", ["cpu:257", "cpu:99999999999"])
def test_more_devices_than_a_processor_is_split_into_are_refused(name):
    with pytest.raises(ValueError, match="256 devices at most. Received: 'cpu:"):
        distribute.strategy(name)
