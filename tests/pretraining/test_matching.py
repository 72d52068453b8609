"""Which run a folder holds: the same one, a shorter one, or another."""

import json

import pytest

from kerassl import files, runs
from kerassl.pretraining.matching import find, stages

PLAN = {
    "name": "tiny",
    "model": {"class": "kerassl.models.BYOL", "total_steps": 100},
    "recipe": {"steps": 100, "batch_size": 8, "warmup_steps": 10},
    "seed": 0,
    "examples": None,
    "data_used": {"examples": 9, "digest": "00"},
}
FILES = {"a.png": "1", "b.png": "2"}


def plan(steps=100, **changes):
    made = json.loads(json.dumps(PLAN))
    made["recipe"] |= {"steps": steps, "warmup_steps": steps // 10}
    made["model"]["total_steps"] = steps
    return {**made, **changes}


def look(path, made=None, files=FILES, steps=None):
    return find(path, made or plan(steps or 100), files, steps=steps, write=True)


@pytest.fixture
def begun(tmp_path):
    """A folder in which a run has been trained for 40 of its 100 steps."""
    look(tmp_path)
    (tmp_path / runs.HISTORY).write_text("")
    (tmp_path / runs.CHECKPOINTS).mkdir()
    (tmp_path / runs.CHECKPOINTS / "step-00000040.npz").touch()
    return tmp_path


@pytest.fixture
def finished(begun):
    (begun / runs.CHECKPOINTS / "step-00000100.npz").touch()
    for name in (runs.ENCODER, runs.TASK, runs.REPORT_PAGE):
        (begun / name).write_text(name)
    files.write_json(begun / runs.REPORT, {"date": "2026-11-26"})
    return begun


def test_a_new_folder_gets_the_configuration(tmp_path):
    found = look(tmp_path)
    assert found.finished is None and found.lengthened is None
    assert json.loads((tmp_path / runs.CONFIG).read_text()) == found.plan
    assert found.plan["format"] == runs.FORMAT


def test_a_run_that_never_began_may_become_another(tmp_path):
    look(tmp_path)
    assert look(tmp_path, plan(seed=3)).plan["seed"] == 3


def test_the_same_run_goes_on(begun):
    assert look(begun).plan == {**plan(), "format": runs.FORMAT}


def test_a_finished_run_is_found(finished):
    assert look(finished).finished.report == {"date": "2026-11-26"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 3}, "another configuration: seed was 0, now 3"),
        ({"name": "other"}, "another configuration: name"),
        ({"data_used": {"examples": 8, "digest": "00"}}, "data_used.examples was 9"),
    ],
)
def test_another_run_is_refused(begun, change, message):
    with pytest.raises(ValueError, match=message):
        look(begun, plan(**change))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({**FILES, "b.png": "3"}, "'b.png' has other content"),
        ({"a.png": "1"}, "'b.png' is gone"),
        ({**FILES, "c.png": "3", "d.png": "3"}, r"'c.png' is new \(and 1 more\)"),
        ({"a.png": "1", "c.png": "2"}, "'b.png' is gone, 'c.png' is new"),
    ],
)
@pytest.mark.parametrize("state", ["begun", "finished"])
def test_changed_data_are_told_by_the_file(request, state, files, message):
    used = {"examples": 9, "digest": "01"}
    with pytest.raises(ValueError, match=f"have changed since .*{message}"):
        look(request.getfixturevalue(state), plan(data_used=used), files)


def test_facts_that_an_older_version_did_not_tell_are_no_change(finished):
    stored = json.loads((finished / runs.CONFIG).read_text())
    del stored["format"], stored["data_used"]["digest"]
    files.write_json(finished / runs.CONFIG, stored)
    (finished / runs.FILES).unlink()
    assert look(finished).finished


def test_an_unfinished_run_of_another_version_is_refused(begun):
    stored = json.loads((begun / runs.CONFIG).read_text())
    del stored["format"]
    files.write_json(begun / runs.CONFIG, stored)
    for steps in (None, 200):
        with pytest.raises(ValueError, match="another version of kerassl.*format 1"):
            look(begun, steps=steps)


@pytest.mark.parametrize(
    ("state", "start"), [("begun", 40), ("finished", 100)], ids=str
)
def test_more_steps_lengthen_a_run(request, state, start):
    path = request.getfixturevalue(state)
    found = look(path, steps=300)
    assert found.lengthened == start and found.finished is None
    assert found.plan["recipe"]["steps"] == found.plan["model"]["total_steps"] == 300
    first, second = stages(found.plan)
    assert first == {"start": 0, "steps": 100, "warmup_steps": 10}
    # The same share of what is added.
    warmup = (300 - start) // 10
    assert second == {"start": start, "steps": 300, "warmup_steps": warmup}
    again = look(path, steps=300)
    assert again.plan == found.plan and again.lengthened is None
    assert look(path).plan == found.plan  # also where no number is given
    assert len(stages(look(path, steps=400).plan)) == 3


def test_what_the_shorter_run_left_is_kept(finished):
    look(finished, steps=300)
    for name in ("encoder-100.keras", "task-100.keras", "report-100.json"):
        assert (finished / name).is_file()
    assert not (finished / runs.ENCODER).exists()


def test_steps_are_only_raised(finished):
    with pytest.raises(ValueError, match="100 steps, and `steps` can only be raised"):
        look(finished, steps=50)


def test_a_trial_run_is_lengthened_only_if_asked(begun):
    with pytest.raises(ValueError, match="a run of 100 steps. `steps` lengthens it"):
        look(begun, plan(600))


def test_lengthened_runs_are_otherwise_the_same(finished):
    with pytest.raises(ValueError, match="seed was 0, now 1"):
        find(finished, plan(300, seed=1), FILES, steps=300, write=True)


def test_what_is_trained_without_a_configuration_is_refused(begun):
    (begun / runs.CONFIG).unlink()
    with pytest.raises(ValueError, match="holds what a run has trained, but no run.js"):
        look(begun)


@pytest.mark.parametrize("text", ["[]", "5", "null", "{", "\x00", "[" * 100_000])
def test_a_damaged_configuration_is_told(begun, text):
    (begun / runs.CONFIG).write_text(text)
    with pytest.raises(ValueError, match="run.json is damaged"):
        look(begun)
