"""The rates of a run, by the schedule that its recipe names."""

import pytest

from kerassl.optimizers.delayed import _highest
from kerassl.pretraining.schedules import SCHEDULES, schedule_for, told
from kerassl.zoo import catalog

STAGE = {"start": 0, "steps": 110, "warmup_steps": 10}


def rates(name, at, stage=STAGE, every=1):
    recipe = {} if name is None else {"schedule": name}
    schedule = schedule_for(recipe, 0.5, stage, every)
    return [round(float(schedule(step)), 4) for step in at]


def test_recipes_may_name_all_that_there_are():
    assert catalog.SCHEDULES == tuple(SCHEDULES)


@pytest.mark.parametrize(
    "name, expected",
    [
        (None, [0.25, 0.5, 0.25, 0.0]),
        ("cosine", [0.25, 0.5, 0.25, 0.0]),
        ("linear", [0.25, 0.5, 0.25, 0.0]),
        ("constant", [0.25, 0.5, 0.5, 0.5]),
    ],
)
def test_rates(name, expected):
    assert rates(name, [5, 10, 60, 110]) == expected


def test_a_line_is_no_cosine():
    assert rates("linear", [35]) == [0.375]
    assert rates("cosine", [35]) == [0.4268]


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_later_stage_begins_anew(name):
    later = {"start": 100, "steps": 210, "warmup_steps": 10}
    assert rates(name, [105, 160], later) == rates(name, [5, 60])


@pytest.mark.parametrize("name", SCHEDULES)
def test_without_warmup_it_begins_at_its_highest(name):
    assert rates(name, [0], {**STAGE, "warmup_steps": 0}) == [0.5]


def test_an_optimizer_counts_its_own_updates():
    assert rates("linear", [5, 30, 55], every=2) == rates("linear", [10, 60, 110])


@pytest.mark.parametrize("name, highest", [("cosine", 0.5), ("linear", 0.5)])
def test_what_has_ended_knows_its_highest(name, highest):
    assert _highest(schedule_for({"schedule": name}, 0.5, STAGE)) == highest


def test_what_a_run_tells():
    assert [told({"schedule": name}) for name in SCHEDULES] == [
        ", falling to 0",
        ", falling to 0 on a line",
        "",
    ]
