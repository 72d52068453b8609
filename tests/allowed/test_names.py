"""Names that a file may give, and the ones that it may not."""

import types

import keras
import pytest

from kerassl import allowed, pretext
from kerassl.allowed import names, parts


@pytest.fixture
def own_module(monkeypatch):
    """Returns a module of the user's own, named by `allow`."""

    class Mine(pretext.Reconstruct):
        """A pretext layer."""

    class Network(keras.Sequential):
        """An encoder."""

    class Loose:
        """Derives from nothing."""

    class Coded(keras.layers.Lambda):
        """A layer that runs what it is given."""

    module = types.ModuleType("own_module")
    module.Mine, module.Network, module.Loose, module.Coded = (
        Mine,
        Network,
        Loose,
        Coded,
    )
    module.function = lambda: None
    module.keras = keras
    monkeypatch.setattr(names, "_OWN", [])
    monkeypatch.setitem(__import__("sys").modules, "own_module", module)
    return module


def test_an_own_module_counts_once_it_is_allowed(own_module):
    with pytest.raises(allowed.NotAllowed, match="--import MODULE"):
        allowed.find("own_module.Mine", "pretext")
    allowed.allow("own_module")
    assert allowed.find("own_module.Mine", "pretext") is own_module.Mine
    assert allowed.find("own_module.Network", "encoder") is own_module.Network
    assert "own_module.Mine" in allowed.public_names("pretext")
    assert "own_module" in allowed.rules()


@pytest.mark.parametrize(
    "name", ["Loose", "Coded", "function", "keras.layers.Lambda", "keras.Model", "No"]
)
def test_of_an_own_module_only_classes_of_the_right_base(own_module, name):
    allowed.allow("own_module")
    for kind in (None, "pretext"):
        with pytest.raises(allowed.NotAllowed, match="class: "):
            allowed.find(f"own_module.{name}", kind)


def test_an_own_class_stands_in_its_own_section_only(own_module):
    allowed.allow("own_module")
    with pytest.raises(allowed.NotAllowed, match="no encoder"):
        allowed.find("own_module.Mine", "encoder")


@pytest.mark.parametrize("module", ["", ".", "a b", "../x", "x/y", ".own", None, 3])
def test_what_is_no_module_is_refused(module):
    with pytest.raises(ValueError, match="expected the dotted name of a module"):
        allowed.allow(module)


@pytest.mark.parametrize(
    "name",
    [
        "kerassl.models.SimCLR.from_config",
        "kerassl.models.SimCLR.__init__",
        "keras.Model.load_weights",
        "keras.Model.save",
        "keras_hub.models.Backbone.from_preset",
        "keras.src.layers.Lambda",
        "keras.layers.Lambda",
        "kerassl.models.base.keras.layers.Dense",
        "kerassl.runs.os.remove",
        "kerassl..models",
        "kerassl.models.",
        ".kerassl",
        "",
        "SimCLR",
        "kerassl",
        "kerassl.models",
        "kerassl.models.SimCLR ",
        "kerassl.models.SimCLR\n",
        "os.system",
        "posix.system",
        "kerassl.zoo.allow",
        "kerassl.allowed.allow",
        "kerassl.pretrain",
        "kerassl.evaluate",
        "kerassl.Run",
        "kerassl.data.prepare",
        "kerassl.data.train_tokenizer",
        "kerassl.data.save_tokenizer",
        "kerassl.encoders.from_preset",
        "kerassl.testing.check_task",
        "kerassl.cli.main",
        "keras.saving.load_model",
        "keras.utils.get_file",
        "keras.config.set_floatx",
        "keras.config.enable_unsafe_deserialization",
        "keras.callbacks.ModelCheckpoint",
        "keras.applications.ResNet50",
        "keras.datasets.mnist.load_data",
        "keras_hub.upload_preset",
        "keras_hub.models.BertTextClassifier",
        "keras_hub.tokenizers.compute_sentence_piece_proto",
        None,
        3,
        ["kerassl.models.SimCLR"],
        {"class": "kerassl.models.SimCLR"},
        True,
        "a." * 10_000,
    ],
    ids=lambda name: str(name)[:50],
)
def test_names_that_no_file_may_give(name):
    with pytest.raises(allowed.NotAllowed, match="^class: ") as caught:
        allowed.find(name)
    assert "\n" not in str(caught.value).replace("\\n", "")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("kind", allowed.KINDS)
def test_every_kind_has_parts_that_are_found_by_name(kind):
    known = allowed.public_names(kind)
    assert known == sorted(known) and known
    for name in known:
        assert callable(allowed.find(name, kind))


@pytest.mark.parametrize(
    "name",
    [
        "kerassl.SimCLR",
        "kerassl.models.contrastive.SimCLR",
        "kerassl.models.contrastive.simclr.SimCLR",
    ],
)
def test_longer_and_shorter_names_of_a_class_stay(name):
    assert allowed.find(name, "model").__name__ == "SimCLR"


def test_only_marked_functions_of_kerassl_build_parts():
    assert allowed.find("kerassl.encoders.dense", "encoder")
    for name, kind in (
        ("kerassl.encoders.from_preset", "encoder"),  # it reads files
        ("kerassl.encoders.dense", "source"),
        ("kerassl.zoo.load", "model"),
    ):
        with pytest.raises(allowed.NotAllowed):
            allowed.find(name, kind)


def test_the_mark_counts_in_kerassl_alone(own_module):
    own_module.build = allowed.part("encoder")(lambda: None)
    allowed.allow("own_module")
    with pytest.raises(allowed.NotAllowed, match="no encoder"):
        allowed.find("own_module.build", "encoder")
    with pytest.raises(KeyError):
        allowed.part("spaceship")


@pytest.mark.parametrize("old, new", parts.MOVED.items())
def test_what_has_moved_is_found_by_the_name_of_before(old, new):
    found = allowed.find(old, "tokenizer")
    assert found is allowed.find(new, "tokenizer")
    with pytest.raises(allowed.NotAllowed):
        allowed.find(old, "encoder")
