"""What a task asks of its run is filled in, unless the user gave it."""

import pytest

from kerassl.errors import InvalidValue
from kerassl.pretraining.facts import ask, fill, with_steps


@pytest.fixture
def plan():
    return {"model": {"class": "kerassl.models.BYOL", "total_steps": 7}}


def test_the_run_gives_what_is_asked(plan):
    ask(plan, {})
    assert plan["model"]["total_steps"] is None
    fill(plan, examples=3)
    assert plan["model"]["total_steps"] is None
    fill(plan, steps=9, batches_in_pass=2)
    assert plan["model"]["total_steps"] == 9
    fill(plan, steps=10)
    assert plan["model"]["total_steps"] == 9


def test_a_value_of_the_users_own_stays(plan):
    ask(plan, {"model.total_steps": 7})
    fill(plan, steps=9)
    with_steps(plan, 20, instead_of=9)
    assert plan["model"]["total_steps"] == 7


def test_a_longer_run_tells_its_steps_anew(plan):
    with_steps(plan, 20, instead_of=7)
    assert plan["model"]["total_steps"] == 20


def test_a_task_of_ones_own_asks_for_nothing():
    plan = {"model": {"class": "Mine", "config": {}}}
    ask(plan, {})
    fill(plan, steps=9)
    assert plan["model"] == {"class": "Mine", "config": {}}


def test_an_unknown_fact_is_told(plan, monkeypatch):
    from kerassl.models import BYOL

    monkeypatch.setattr(BYOL, "run_arguments", {"total_steps": "weeks"})
    with pytest.raises(InvalidValue, match="must be one of 'steps', 'examples'"):
        ask(plan, {})
