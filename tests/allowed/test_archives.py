"""`.keras` files and weights: the right ones load, hostile ones are refused unread."""

import json
import os
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tasks
from keras.src.saving import serialization_lib

from kerassl import allowed
from kerassl.files import write_json
from kerassl.runs import Run


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A `.keras` file of one layer, with its optimizer."""
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    path = tmp_path_factory.mktemp("saved") / "encoder.keras"
    model.save(path)
    return path


@pytest.fixture
def forge(saved, tmp_path):
    """Returns a function that writes the file anew, its configuration replaced."""

    def write(config=None):
        path = tmp_path / "encoder.keras"
        with zipfile.ZipFile(saved) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                ours = config is not None and name == "config.json"
                new.writestr(name, json.dumps(config) if ours else old.read(name))
        return path

    return write


@pytest.fixture
def forged_config(saved, forge):
    """Returns a function that writes the file with a layer or arguments of ours."""

    def write(layer=None, **arguments):
        with zipfile.ZipFile(saved) as archive:
            config = json.loads(archive.read("config.json"))
        if layer is not None:
            config["config"]["layers"].append(layer)
        config["config"]["layers"][1]["config"].update(arguments)
        return forge(config)

    return write


def part(name, config=None, module="keras.layers", **more):
    return {"module": module, "class_name": name, "config": config or {}, **more}


def function(name, module):
    return {
        "module": module,
        "class_name": "function",
        "config": name,
        "registered_name": name,
    }


def refused(path, match="encoder.keras"):
    with pytest.raises(ValueError, match=match) as caught:
        allowed.load_model(path)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 500
    assert "safe_mode" not in message and "trust" not in message
    return message


@pytest.mark.parametrize("name", tasks.every())
def test_every_task_loads(name, tmp_path):
    make, _, _ = tasks.every()[name]()
    task = make()
    players = {player: optimizer() for player in task.players()}
    task.compile(players if len(players) > 1 else players.popitem()[1])
    for model, file in ((task, "task.keras"), (task.encoder, "encoder.keras")):
        model.save(tmp_path / file)
    write_json(tmp_path / "run.json", {"name": name})
    run = Run(tmp_path)
    for loaded, made in ((run.task, task), (run.encoder, task.encoder)):
        assert type(loaded) is type(made)
        for one, other in zip(made.get_weights(), loaded.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def optimizer():
    return keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(
            0.0, 10, warmup_target=0.1, warmup_steps=2
        )
    )


def test_a_lambda_is_refused(tmp_path):
    layers = [keras.layers.Input((3,)), keras.layers.Lambda(lambda x: x)]
    keras.Sequential(layers).save(tmp_path / "encoder.keras")
    assert "Lambda" in refused(tmp_path / "encoder.keras", "no part of a model")


def test_it_stays_refused_where_safe_mode_is_off(forged_config):
    with serialization_lib.SafeModeScope(False):
        refused(forged_config(part("Lambda")), "no part of a model")


def test_what_a_program_registers_is_its_own(forged_config):
    @keras.saving.register_keras_serializable("own_program")
    def doubled(x):
        return 2 * x

    @keras.saving.register_keras_serializable("own_program")
    class Thing:
        """No part of a model."""

        def get_config(self):
            return {}

    for name, right in (("doubled", True), ("Thing", False)):
        registered = f"own_program>{name}"
        module = __name__
        path = forged_config(activation=function(registered, module))
        if right:
            assert allowed.load_model(path).layers[-1].activation is doubled
        else:
            refused(path, "no part of a model")


@pytest.mark.parametrize(
    "layer",
    [
        part("Lambda"),
        part("TorchModuleWrapper", {"module": "AAAA"}),
        part("TFSMLayer", {"filepath": "elsewhere"}),
        part("JaxLayer"),
        part("FlaxLayer"),
        part("StringLookup", {"vocabulary": "/etc/passwd"}),
        part("TextVectorization", {"vocabulary": "/etc/passwd"}),
        part("FeatureSpace", module="keras.utils"),
        part("IndexLookup", module="keras.src.layers.preprocessing.index_lookup"),
        part("get_file", {"origin": "x"}, module="keras.utils"),
        part("set_floatx", module="keras.config"),
        part("enable_unsafe_deserialization", module="keras.config"),
        part("ModelCheckpoint", {"filepath": "x"}, module="keras.callbacks"),
        part("system", module="posix"),
        part("Dense", module="keras.layers", registered_name="keras_hub>upload_preset"),
        part("keras_hub>upload_preset", module=None),
        part("BertClassifier", module="keras_hub.models"),
        part("__lambda__", {"value": "AAAA"}, module="builtins"),
        part(
            "__typespec__", [], module="tensorflow", spec_name="x", registered_name="x"
        ),
        part("Nowhere"),
        part("UnicodeScriptTokenizer", module="tensorflow_text")
        | {"registered_name": "Text>UnicodeScriptTokenizer"},
        part("Dense", module=["keras.layers"]),
        part(["Dense"]),
        part(None),
        {"class_name": "Lambda"},
        part(
            "WordPieceTokenizer", {"vocabulary": "/etc/passwd"}, "keras_hub.tokenizers"
        )
        | {"registered_name": "keras_hub>WordPieceTokenizer"},
    ],
    ids=lambda layer: str(layer["class_name"])[:30],
)
def test_what_is_no_part_of_a_model_is_refused(forged_config, layer):
    refused(forged_config(layer))


@pytest.mark.parametrize(
    "activation",
    [
        function("get_file", "keras.utils"),
        function("set_random_seed", "keras.utils"),
        function("set_floatx", "keras.config"),
        function("load_model", "keras.saving"),
        function("keras_hub>upload_preset", "builtins"),
        function("keras_hub>compute_sentence_piece_proto", "keras_hub"),
        function("deserialize", "keras.activations"),
        function("system", "posix"),
        "keras_hub>upload_preset",
    ],
    ids=str,
)
def test_a_function_that_is_no_part_is_refused(forged_config, activation):
    refused(forged_config(activation=activation))


def test_an_activation_by_name_or_function_is_right(forged_config):
    for right in ("relu", function("relu", "keras.activations")):
        assert allowed.load_model(forged_config(activation=right)).layers


def test_a_file_of_another_name_is_not_reached(forge, tmp_path):
    with zipfile.ZipFile(forge(), "a") as archive:
        archive.writestr("../../outside.txt", "x")
    refused(tmp_path / "encoder.keras", "names a file outside itself")


def test_a_bomb_is_refused_before_it_is_unpacked(forge, tmp_path):
    with zipfile.ZipFile(forge(), "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("assets/zeros", bytes(1 << 27))
    refused(tmp_path / "encoder.keras", "would grow to")


def test_a_configuration_nested_deeply_is_refused(forge):
    config = b"[" * 100_000 + b"]" * 100_000
    with zipfile.ZipFile(path := forge(), "w") as archive:
        archive.writestr("config.json", config)
    refused(path, "nested too deeply")


def h5(path, **members):
    with h5py.File(path, "w") as file:
        for name, value in members.items():
            file[name] = value
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["link", "soft", "external", "bomb"])
def test_weights_that_lie_elsewhere_are_refused(saved, tmp_path, kind):
    target = tmp_path / "secret.h5"
    h5(target, secret=np.ones(3))
    weights = tmp_path / "model.weights.h5"
    with h5py.File(weights, "w") as file:
        if kind == "link":
            file["layers"] = h5py.ExternalLink(str(target), "/secret")
        elif kind == "soft":
            file["layers"] = h5py.SoftLink("/elsewhere")
        elif kind == "external":
            file.create_dataset(
                "vars", (3,), "float64", external=[(str(target), 0, 24)]
            )
        else:
            file.create_dataset("vars", (1 << 32,), "float32", chunks=(1 << 16,))
    path = tmp_path / "encoder.keras"
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(path, "w") as new:
        new.writestr("config.json", old.read("config.json"))
        new.write(weights, "model.weights.h5")
    refused(path, "link to elsewhere|in other files|would grow")
    with pytest.raises(ValueError, match="link to elsewhere|in other files|would grow"):
        allowed.check_weights(weights)


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "encoder.keras").write_bytes(content)
    refused(tmp_path / "encoder.keras", "is not a Keras archive")


def test_a_spoilt_weight_is_noticed(saved, tmp_path):
    content = bytearray(saved.read_bytes())
    with zipfile.ZipFile(saved) as archive:
        place = archive.getinfo("model.weights.h5")
    content[place.header_offset + place.file_size // 2] ^= 1
    (tmp_path / "encoder.keras").write_bytes(content)
    refused(tmp_path / "encoder.keras", "wrong checksum")


def test_a_file_of_something_else_than_a_model_is_refused(forge):
    path = forge(part("Dense", {"units": 3}))
    refused(path)


def test_nothing_is_written_beside_a_file(forged_config, tmp_path):
    path = forged_config(part("Lambda"))
    before = sorted(os.listdir(tmp_path))
    refused(path)
    assert sorted(os.listdir(tmp_path)) == before
