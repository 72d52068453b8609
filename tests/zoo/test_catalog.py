"""Names, cards and configurations of presets, and what a well-formed one is."""

import json
import re

import pytest

from kerassl import zoo
from kerassl.modalities import MODALITIES
from kerassl.zoo import catalog

FIRST = [
    "autoencoder_conv",
    "autoencoder_dense",
    "bert_base",
    "bert_small",
    "bert_tiny",
    "simclr_digits",
    "simclr_resnet18_cifar10",
    "simclr_resnet50",
]


@pytest.fixture
def spec():
    return zoo.config("simclr_digits")


def test_names_are_sorted_and_complete():
    assert zoo.names() == sorted(zoo.names())
    assert set(FIRST) <= set(zoo.names())


def test_names_by_modality_add_up():
    parts = [name for kind in MODALITIES for name in zoo.names(kind)]
    assert sorted(parts) == zoo.names()
    assert "bert_tiny" in zoo.names("text")
    with pytest.raises(ValueError, match="modality: expected one of .* 'sound'"):
        zoo.names("sound")


@pytest.mark.parametrize("name", zoo.names())
def test_preset_is_well_formed(name):
    spec = zoo.config(name)
    assert spec["name"] == name
    assert name in zoo.names(spec["modality"])
    assert spec["summary"][0].isupper() and len(spec["summary"]) <= 100
    assert spec.get("paper", "https://").startswith("https://")


@pytest.mark.parametrize("name", zoo.names())
def test_a_schedule_of_the_model_is_as_long_as_the_recipe(name):
    spec = zoo.config(name)
    steps = spec["recipe"]["steps"]
    assert spec["model"].get("total_steps", steps) == steps


# How a card begins whose features do not beat their input.
LOST = re.compile(r"loses|not beat|hardly|[Nn]ot (surely )?better")


@pytest.mark.parametrize("name", zoo.names())
def test_a_verdict_is_what_the_card_says_first(name):
    verdict, first = zoo.config(name).get("verdict"), zoo.card(name).split("\n\n")[1]
    if verdict is not None:
        assert (verdict != "better") == bool(LOST.search(first)), first
    else:
        assert not LOST.search(first), "a verdict is missing"


@pytest.mark.parametrize("name", zoo.names())
def test_card_has_title_command_and_table(name):
    card = zoo.card(name)
    assert card.startswith(f"# {name}\n")
    assert f"kerassl pretrain {name}" in card
    assert "\n|" in card


def test_config_is_the_callers_own(spec):
    spec["model"]["temperature"] = -1
    assert zoo.config("simclr_digits") != spec


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("simclr_digit", "simclr_digits"), ("bert", "bert_"), ("Bert_Tiny", "bert_tiny")],
)
def test_unknown_name_suggests_near_ones(wrong, near):
    for ask in (zoo.config, zoo.card):
        with pytest.raises(zoo.UnknownPreset, match=f"Did you mean '{near}"):
            ask(wrong)


def test_nothing_near_suggests_nothing():
    with pytest.raises(ValueError) as caught:
        zoo.config("qqqq")
    assert "Did you mean" not in str(caught.value)


def test_own_file_is_a_preset(tmp_path, spec):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(spec))
    assert zoo.config(path) == zoo.config(str(path)) == spec
    assert zoo.card(path) == ""
    path.with_suffix(".md").write_text("# mine")
    assert zoo.card(path) == "# mine"


def test_own_file_that_is_missing_or_broken(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json' does not exist"):
        zoo.config(tmp_path / "nowhere.json")
    for content in (b'{"name": ', b"\xff\xfe"):
        (tmp_path / "broken.json").write_bytes(content)
        with pytest.raises(zoo.InvalidPreset, match=r"broken\.json' is not valid JSON"):
            zoo.config(tmp_path / "broken.json")


def test_validate_names_the_section(spec):
    def refused(change, message):
        with pytest.raises(zoo.InvalidPreset, match=message):
            zoo.validate({**spec, **change}, where="mine")

    zoo.validate(spec)
    refused({"recipie": {}}, "mine: unknown section 'recipie'. Did you mean 'recipe'")
    refused({"model": "SimCLR"}, "section 'model': expected an object")
    for minutes in (0, -1, "5", True, None, [1]):
        refused({"minutes": minutes}, "minutes")
    refused({"verdict": "good"}, "verdict: expected one of better, .* received 'good'")
    refused({"verdict": True}, "section 'verdict': expected a string, received True")
    refused({"summary": 3}, "section 'summary': expected a string, received 3")
    refused({"model": {}}, "section 'model' needs a 'class'")
    refused({"modality": "sound"}, "modality: expected one of")
    recipe = {**spec["recipe"], "stepz": 3}
    refused({"recipe": recipe}, "'recipe' takes no 'stepz'. Did you mean 'steps'")
    for rate in ("fast", 0, -1, True, None):
        recipe = {**spec["recipe"], "learning_rate": rate}
        refused({"recipe": recipe}, "recipe.learning_rate: expected a number above 0")
    recipe = {**spec["recipe"], "warmup_steps": 0.5}
    refused({"recipe": recipe}, "recipe.warmup_steps: .* from 0, received 0.5")
    del spec["encoder"]
    refused({}, "section 'encoder' is missing")
    with pytest.raises(zoo.InvalidPreset, match="expected a JSON object"):
        zoo.validate([spec])


def test_config_hash_follows_what_changes_a_run(spec):
    value = zoo.config_hash(spec)
    assert len(value) == 12 and int(value, 16) >= 0
    assert zoo.config_hash(dict(reversed(spec.items()))) == value
    assert zoo.config_hash({**spec, "summary": "Other", "seed": 3}) == value
    told = {"minutes": 9, "verdict": "even"}
    assert zoo.config_hash({**spec, **told}) == value
    spec["recipe"]["steps"] += 1
    assert zoo.config_hash(spec) != value


def test_installed_presets_come_before_the_checkouts(tmp_path, monkeypatch):
    monkeypatch.setattr(catalog, "__file__", str(tmp_path / "a/b/c/catalog.py"))
    assert catalog._folder() == tmp_path / "a" / "zoo"
    (tmp_path / "a/b/c/presets").mkdir(parents=True)
    assert catalog._folder() == tmp_path / "a/b/c/presets"
