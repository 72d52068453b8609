"""Single values of a preset are changed by dotted keys."""

import copy

import pytest

from kerassl import zoo


@pytest.fixture
def spec():
    return {
        "model": {"class": "keras.layers.Dense", "units": 3},
        "encoder": {
            "class": "keras.Sequential",
            "layers": {"class": "keras.layers.Dropout", "rate": 0.1},
        },
        "recipe": {
            "optimizer": {"class": "keras.optimizers.SGD", "momentum": 0.9},
            "steps": 10,
        },
    }


def test_override_changes_a_copy(spec):
    before = copy.deepcopy(spec)
    changed = zoo.override(
        spec,
        {
            "model.units": 5,
            "model.activation": "relu",
            "encoder.layers.rate": 0.5,
            "recipe.optimizer.nesterov": True,
            "recipe.batch_size": 4,
        },
    )
    assert changed["model"] == {
        "class": "keras.layers.Dense",
        "units": 5,
        "activation": "relu",
    }
    assert changed["encoder"]["layers"]["rate"] == 0.5
    assert changed["recipe"]["optimizer"]["nesterov"] is True
    assert changed["recipe"]["batch_size"] == 4
    assert spec == before


def test_another_class_brings_its_own_arguments(spec):
    changes = {
        "recipe.optimizer.beta_1": 0.8,
        "recipe.optimizer.class": "keras.optimizers.Adam",
    }
    assert zoo.override(spec, changes)["recipe"]["optimizer"]["beta_1"] == 0.8


def test_a_pretrained_encoder_brings_its_architecture_and_tokenizer():
    changes = {"encoder.preset": "folder", "encoder.dropout": 0.2}
    spec = {
        "encoder": {"class": "keras_hub.models.BertBackbone", "num_layers": 2},
        "tokenizer": {"kind": "wordpiece"},
    }
    assert zoo.override(spec, changes) == {
        "encoder": {
            "class": "keras_hub.models.BertBackbone",
            "preset": "folder",
            "dropout": 0.2,
        }
    }


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("modle.units", "unknown section 'modle'. Did you mean 'model'"),
        ("summary.x", "unknown section 'summary'"),
        ("model", "expected an argument after the section, such as 'model.units'"),
        ("model.unit", "'model' takes no argument 'unit'. Did you mean 'units'"),
        ("recipe.step", "'recipe' takes no argument 'step'. Did you mean 'steps'"),
        ("recipe.optimizer.momentun", "Did you mean 'momentum'"),
        ("recipe.steps.more", "'recipe.steps' has no arguments of its own"),
        ("encoder.layers.units", "'encoder.layers' takes no argument 'units'"),
    ],
)
def test_a_key_that_fits_nothing_is_told(spec, key, message):
    with pytest.raises(ValueError, match=message):
        zoo.override(spec, {key: 1})


def test_a_recipe_needs_numbers(spec):
    with pytest.raises(ValueError, match="learning_rate: .*, received 'fast'"):
        zoo.override(spec, {"recipe.learning_rate": "fast"})


def test_only_the_sections_at_hand_can_be_changed():
    with pytest.raises(ValueError, match="no section 'model' .* Sections: transfer"):
        zoo.override({"transfer": {}}, {"model.temperature": 3})
    changed = zoo.override({"model": {}}, {"transfer.draws": 3})
    assert changed["transfer"] == {"draws": 3}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.2", 0.2),
        ("3", 3),
        ("true", True),
        ("null", None),
        ("[1, 2]", [1, 2]),
        ('"3"', "3"),
        ("relu", "relu"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_values_are_json_else_text(text, value):
    assert zoo.parse_override(f"model.x={text}") == ("model.x", value)


@pytest.mark.parametrize("text", ["model.x", "=3", ""])
def test_what_is_no_assignment_is_refused(text):
    with pytest.raises(ValueError, match="expected KEY=VALUE"):
        zoo.parse_override(text)
