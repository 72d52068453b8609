"""Dotted names become objects, and only those of kerassl, Keras and KerasHub."""

import keras
import pytest

from kerassl.zoo import InvalidPreset, build
from kerassl.zoo.assemble import accepted, check_arguments, resolve


def test_build_calls_the_class_with_the_other_entries():
    layer = build({"class": "keras.layers.Dense", "units": 3}, activation="relu")
    assert isinstance(layer, keras.layers.Dense)
    assert layer.units == 3 and layer.activation is keras.activations.relu


def test_build_goes_into_entries_and_lists():
    loss = {"class": "keras.losses.MeanSquaredError"}
    built = build({"first": [loss, 2], "second": {"third": loss}})
    assert isinstance(built["first"][0], keras.losses.MeanSquaredError)
    assert built["first"][1] == 2
    assert isinstance(built["second"]["third"], keras.losses.MeanSquaredError)


def test_extra_arguments_win():
    spec = {"class": "keras.layers.Dense", "units": 3}
    assert build(spec, units=4).units == 4
    assert spec == {"class": "keras.layers.Dense", "units": 3}


def test_a_preset_is_read_by_from_preset(monkeypatch):
    import keras_hub

    asked = []
    monkeypatch.setattr(
        keras_hub.models.BertBackbone,
        "from_preset",
        lambda preset, **kwargs: asked.append((preset, kwargs)),
    )
    spec = {"class": "keras_hub.models.BertBackbone", "preset": "somewhere"}
    build(spec, load_weights=False)
    assert asked == [("somewhere", {"load_weights": False})]


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "builtins.eval",
        "kerassl",
        "keras.src._os.system",
        "kerassl.zoo.catalog.json.loads",
        "kerassl.zoo.catalog.Path",
        "kerassl.__builtins__",
    ],
)
def test_other_names_are_out_of_reach(name):
    with pytest.raises(InvalidPreset, match="class: "):
        build({"class": name})


def test_a_name_that_does_not_exist_suggests_near_ones():
    with pytest.raises(InvalidPreset, match="does not exist. Did you mean 'Dense'"):
        resolve("keras.layers.Dens")
    with pytest.raises(InvalidPreset, match="'keras.nowhere.Dense' does not exist"):
        resolve("keras.nowhere.Dense")
    with pytest.raises(InvalidPreset, match="not a class or function"):
        resolve("keras.layers")


def test_accepted_follows_keyword_arguments_up_to_the_base():
    class Base:
        def __init__(self, width, *, depth=1):
            pass

    class Passing(Base):
        def __init__(self, height, **kwargs):
            pass

    class Closed(Base):
        def __init__(self, height):
            pass

    assert accepted(Passing) == ["height", "width", "depth"]
    assert accepted(Closed) == ["height"]
    assert accepted(lambda a, b=1: None) == ["a", "b"]
    assert accepted(lambda a, **rest: None) is None
    assert {"units", "name", "dtype"} <= set(accepted(keras.layers.Dense))


def test_unknown_argument_suggests_near_ones():
    with pytest.raises(InvalidPreset, match="no argument 'unit'. Did you mean 'units'"):
        check_arguments("Dense", keras.layers.Dense, ["unit"])


def test_a_refused_value_names_the_class():
    with pytest.raises(InvalidPreset, match="keras.layers.Dropout: .*rate"):
        build({"class": "keras.layers.Dropout", "rate": 2.0})
