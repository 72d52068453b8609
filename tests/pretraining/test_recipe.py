"""The numbers of a run follow from its length and its batch, by named rules."""

import pytest

from kerassl import zoo
from kerassl.pretraining.plan import run_plan
from kerassl.pretraining.recipe import Rules, rates


def recipe_of(preset="simclr_digits", overrides=None, steps=None, batch_size=None):
    return run_plan(preset, None, overrides, steps, batch_size, 0)[0]["recipe"]


@pytest.mark.parametrize("name", zoo.names())
def test_a_preset_is_trained_as_it_stands(name):
    preset, recipe = zoo.config(name)["recipe"], recipe_of(name)
    for key in ("learning_rate", "optimizer", "batch_size", "steps"):
        assert recipe[key] == preset[key]
    assert recipe.get("warmup_steps", 0) < recipe["steps"]
    assert set(recipe) <= {*preset, "warmup_steps"} - {"warmup", "rate_scaling"}


@pytest.mark.parametrize("name", zoo.names())
@pytest.mark.parametrize("steps", [1, 2, 6, 37])
def test_a_short_run_leaves_its_warm_up(name, steps):
    assert recipe_of(name, steps=steps).get("warmup_steps", 0) < steps


def test_a_warm_up_is_a_share_of_the_steps():
    assert recipe_of(steps=800)["warmup_steps"] == 2 * recipe_of()["warmup_steps"]


def test_a_number_of_warm_up_steps_that_is_asked_for_holds():
    assert recipe_of(overrides={"recipe.warmup_steps": 7})["warmup_steps"] == 7
    with pytest.raises(ValueError, match="`recipe.warmup_steps` must be below .* 6"):
        recipe_of(overrides={"recipe.warmup_steps": 7}, steps=6)


@pytest.mark.parametrize(
    ("preset", "ratio"),
    [("simclr_digits", 0.5), ("simclr_resnet50", 0.25), ("dcgan_cifar10", 1.0)],
)
def test_the_rate_follows_the_batch_by_the_presets_rule(preset, ratio):
    whole = recipe_of(preset)
    less = recipe_of(preset, batch_size=whole["batch_size"] // 4)
    assert rates(less)[next(iter(rates(less)))] == pytest.approx(
        ratio * whole["learning_rate"]
    )
    by_override = recipe_of(
        preset, overrides={"recipe.batch_size": whole["batch_size"] // 4}
    )
    assert by_override == less


def test_a_rate_that_is_asked_for_holds():
    recipe = recipe_of(overrides={"recipe.learning_rate": 0.5}, batch_size=8)
    assert recipe["learning_rate"] == 0.5


def test_a_section_with_a_rate_of_its_own_follows_too():
    recipe = {"steps": 9, "rate_scaling": "linear"}
    recipe["optimizer"] = {
        "a": {"class": "keras.optimizers.SGD", "learning_rate": 0.2},
        "b": {"class": "keras.optimizers.SGD"},
    }
    rules = Rules.of({**recipe, "batch_size": 64}, 64, {}, may_shrink=True)
    assert rates(rules.resolve(32)) == {"a": 0.1, "b": 0.0005}


def test_a_small_data_set_makes_the_batch_smaller():
    rules = run_plan("simclr_digits", None, None, None, None, 0)[1]
    assert rules.fit(256, "examples") == {}
    assert rules.fit(100, "examples") == {"batch_size": 64, "learning_rate": 0.001}


def test_a_batch_that_is_asked_for_is_refused_instead():
    rules = run_plan("simclr_digits", None, None, None, 200, 0)[1]
    with pytest.raises(ValueError, match="`batch_size` is 200, but .* only 100 images"):
        rules.fit(100, "images")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("optimizer", 5, "recipe.optimizer: expected an object with a 'class'"),
        ("optimizer", {}, "recipe.optimizer: expected"),
        ("optimizer.learning_rate", "fast", "recipe.optimizer: expected"),
        ("learning_rate", "fast", "recipe.learning_rate: expected a number above 0"),
        ("learning_rate", float("nan"), "recipe.learning_rate"),
        ("learning_rate", True, "recipe.learning_rate"),
        ("learning_rate", 0, "recipe.learning_rate"),
        ("warmup", 1.0, "recipe.warmup: expected a share"),
        ("warmup", -0.1, "recipe.warmup"),
        ("warmup_steps", 2.5, "recipe.warmup_steps: expected an integer from 0"),
        ("rate_scaling", "cubic", "recipe.rate_scaling: expected one of"),
        ("batch_size", 0, "recipe.batch_size: expected an integer from 1"),
        ("steps", "many", "recipe.steps: expected an integer from 1"),
    ],
)
def test_a_wrong_value_is_told(key, value, message):
    with pytest.raises(zoo.InvalidPreset, match=message):
        recipe_of(overrides={f"recipe.{key}": value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "`steps` must be a positive integer"),
        ({"steps": True}, "`steps`"),
        ({"steps": 2**40}, "`steps`"),
        ({"batch_size": 2.0}, "`batch_size`"),
        ({"overrides": ["model.temperature=1"]}, "`overrides` must be a dict"),
        ({"preset": 7}, "`preset_or_task` must be"),
    ],
)
def test_a_wrong_argument_is_told(change, message):
    with pytest.raises((TypeError, ValueError), match=message):
        recipe_of(**change)
