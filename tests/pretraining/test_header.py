"""What a run tells of itself before it trains."""

from types import SimpleNamespace

import numpy as np
import pytest

from kerassl import distribute
from kerassl.data import ArraySource
from kerassl.pretraining.header import header
from kerassl.pretraining.plan import run_plan


def lines(preset="simclr_digits", vocabulary=None, notes=(), lengthened=None, **more):
    plan, rules = run_plan(preset, None, None, more.pop("steps", None), None, 0)
    plan |= {"data_used": {"notes": list(notes)}, **more}
    tokenizer = SimpleNamespace(vocabulary_size=lambda: vocabulary)
    pretext = SimpleNamespace(tokenizer=tokenizer if vocabulary else None)
    train = ArraySource(np.zeros((300, 2)))
    return header(plan, rules, train, SimpleNamespace(pretext=pretext), lengthened)


def test_a_run_as_its_preset_stands_is_one_line():
    (line,) = lines()
    assert line == (
        "simclr_digits: 300 examples; batch 256; 400 steps; learning rate 0.002 after "
        "33 steps of warm-up, falling to 0"
    )


def test_each_players_rate_is_told():
    (line,) = lines("dcgan_fashion")
    assert "0.0002 (discriminator), 0.0002 (generator), falling to 0" in line


def test_what_the_data_have_changed_is_told():
    told = lines(fitted={"batch_size": 64, "learning_rate": 0.001})
    assert "batch 64" in told[0] and "learning rate 0.001" in told[0]
    assert told[1] == "Batch 256 -> 64: there are not more examples."
    assert "(sqrt): the preset's is for 256" in told[2]


@pytest.mark.parametrize(
    ("vocabulary", "told"),
    [(8000, False), (2113, "Vocabulary 8,000 -> 2,113: the texts do not give more.")],
)
def test_a_smaller_vocabulary_is_told(vocabulary, told):
    assert (told in lines("bert_tiny", vocabulary)) == bool(told)


@pytest.mark.parametrize(("share", "told"), [(0.0, False), (0.004, False), (0.3, True)])
def test_many_unknown_tokens_are_told(share, told):
    said = lines("bert_tiny", 8000, unknown_share=share)
    assert any("30.0% of the tokens are unknown" in line for line in said) == told


def test_notes_of_the_data_and_the_next_stage_are_told():
    stage = {"start": 600, "steps": 1200, "warmup_steps": 1}
    told = lines(
        notes=["3 files in `val` are left aside."],
        lengthened=600,
        steps=1200,
        stages=[{"start": 0, "steps": 600, "warmup_steps": 50}, stage],
    )
    assert told[0].endswith(
        "step of warm-up, falling to 0; goes on from step 600 with a new schedule"
    )
    assert told[-1] == "3 files in `val` are left aside."


@pytest.mark.parametrize("name", ["cpu:257", "cpu:99999999999"])
def test_more_devices_than_a_processor_is_split_into_are_refused(name):
    with pytest.raises(ValueError, match="256 devices at most. Received: 'cpu:"):
        distribute.strategy(name)
