"""Files are data: whatever one names, nothing but the parts it may name is called."""

import builtins
import importlib
import json
import os
import pkgutil
import random
import subprocess
import sys
import warnings

import keras
import keras_hub
import numpy as np
import presets
import pytest
from keras.src.saving import serialization_lib
from toy import encoder

import kerassl
from kerassl import allowed, cli, data, zoo
from kerassl.cli import given
from kerassl.zoo import assemble

SECTIONS = ("data", "encoder", "pretext", "model")


@pytest.fixture
def spec():
    return presets.simclr()


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder to work in, which must stay as it is."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


SHELL = {
    "class": "kerassl.data.ArraySource",
    "x": {
        "a": {"class": "kerassl.zoo.allow", "module": "posix"},
        "b": {"class": "posix.system", "command": "touch pwned"},
    },
}
ATTACKS = {
    "a shell": SHELL,
    "a Lambda": {
        "class": "keras.saving.load_model",
        "filepath": "x.keras",
        "safe_mode": False,
    },
    "a download": {"class": "keras.utils.get_file", "fname": "x", "origin": "http://x"},
    "a setting": {"class": "keras.config.set_floatx", "value": "float64"},
    "unsafe mode": {"class": "keras.config.enable_unsafe_deserialization"},
    "a training": {"class": "kerassl.pretrain", "preset_or_task": "simclr_digits"},
    "a corpus": {"class": "kerassl.data.prepare", "corpus": ["a"], "out": "pwned"},
    "a tokenizer": {
        "class": "kerassl.data.train_tokenizer",
        "corpus": ["a b"],
        "out": "pwned",
    },
    "a method": {"class": "kerassl.models.SimCLR.from_config", "config": {}},
    "Keras's form": {
        "class": "keras.layers.Dense",
        "units": 3,
        "activation": {
            "class_name": "function",
            "module": "keras.config",
            "config": "set_floatx",
            "registered_name": "set_floatx",
        },
    },
    "a registered name": {
        "class": "keras.layers.Dense",
        "units": 3,
        "kernel_initializer": "keras_hub>upload_preset",
    },
    "a vocabulary": {
        "class": "keras_hub.tokenizers.WordPieceTokenizer",
        "vocabulary": "/etc/passwd",
    },
    "a lookup": {"class": "keras.layers.StringLookup", "vocabulary": "/etc/passwd"},
    "a program": {"class": "keras.layers.TFSMLayer", "filepath": "elsewhere"},
    "a part in a number's place": {
        "class": "keras.layers.Dense",
        "units": {"class": "kerassl.data.digits"},
    },
    "a source for a layer": {
        "class": "keras.Sequential",
        "layers": [{"class": "kerassl.data.docs"}],
    },
    "weights elsewhere": {
        "class": "keras.applications.MobileNet",
        "weights": "elsewhere.h5",
    },
    "a logger": {"class": "keras.callbacks.CSVLogger", "filename": "pwned"},
    "a class that is no name": {"class": ["posix", "system"]},
    "dunder": {"class": "kerassl.__builtins__.eval", "x": "1"},
    "an address": {"class": "keras_hub.models.BertBackbone", "preset": "file:///tmp"},
    "a preset of a layer": {
        "class": "keras_hub.layers.ImageConverter",
        "preset": "somewhere",
    },
}


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_no_section_takes_it(attack, section, spec, here):
    spec[section] = ATTACKS[attack]
    with pytest.raises(zoo.InvalidPreset) as caught:
        zoo.load(spec)
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(zoo.InvalidPreset):
        zoo.build(ATTACKS[attack])
    assert not os.listdir(here)


@pytest.mark.parametrize("section", ["tokenizer", "recipe", "transfer"])
def test_nor_a_section_without_a_class_of_its_own(section, spec, here):
    spec[section] = {**spec.get(section, {}), "out": "pwned"}
    if section == "transfer":
        spec[section] = {"encoder": SHELL}
    with pytest.raises(zoo.InvalidPreset, match=f"section '{section}' takes no"):
        zoo.load(spec)
    assert not os.listdir(here)


def test_the_commands_refuse_it_in_one_line(spec, here, capsys):
    spec["data"] = SHELL
    (here / "evil.json").write_text(json.dumps(spec))
    for command in (["preview"], ["pretrain", "--out", "run"]):
        assert cli.main([command[0], "evil.json", *command[1:]]) == cli.USAGE
        said = capsys.readouterr().err
        assert len(said.splitlines()) == 1 and "Traceback" not in said
    assert not (here / "pwned").exists()


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_takes_its_own_kind_only(section, spec):
    kind = allowed.SECTIONS[section]
    for other, part in spec.items():
        if other in SECTIONS and other != section:
            with pytest.raises(zoo.InvalidPreset, match="no .* that a file may name"):
                zoo.build(part, kind)


def test_parts_within_parts_have_a_depth(spec):
    layer = {"class": "keras.layers.Dense", "units": 2}
    for _ in range(20):
        layer = {"class": "keras.Sequential", "layers": [layer]}
    with pytest.raises(zoo.InvalidPreset, match="more than 16 levels deep"):
        zoo.build(layer)


def test_a_preset_nested_deeply_is_told(here, capsys):
    (here / "deep.json").write_text('{"data":' + "[" * 90_000 + "]" * 90_000 + "}")
    assert cli.main(["pretrain", "deep.json"]) == cli.USAGE
    assert "nested too deeply" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-1e999"])
def test_a_number_that_is_none_is_told(number, spec, here):
    text = json.dumps(spec).replace('"batch_size": 8', f'"learning_rate": {number}')
    (here / "odd.json").write_text(text)
    with pytest.raises(zoo.InvalidPreset, match="finite|above 0"):
        zoo.config("odd.json")


@pytest.mark.parametrize(
    "name",
    ["../out", "/tmp/out", "a/b", "a\\b", ".hidden", "", "..", "a\nb", "x" * 200],
)
def test_a_name_is_no_path(name, spec):
    spec["name"] = name
    with pytest.raises(zoo.InvalidPreset, match="name: expected at most 100 letters"):
        zoo.validate(spec)


def test_a_card_gives_no_commands_to_the_terminal(spec, here):
    (here / "own.json").write_text(json.dumps(spec))
    (here / "own.md").write_text("# Own\x1b]0;title\x07\n\ttext\x9b1m\xff", "latin1")
    assert zoo.card("own.json") == "# Own]0;title\n\ttext\ufffd1m\ufffd"


@pytest.mark.parametrize("section", [{}, [], "kerassl.data.digits", None, 3])
def test_a_section_is_a_part(section):
    with pytest.raises(zoo.InvalidPreset, match="an object with a 'class'"):
        zoo.build(section, "source")


def test_a_file_names_no_address_but_the_user_may(spec, here):
    spec["modality"] = "text"
    spec["pretext"] = {"class": "kerassl.pretext.Tokens"}
    spec["encoder"] = {"class": "keras_hub.models.BertBackbone", "preset": "hf://a/b"}
    (here / "own.json").write_text(json.dumps(spec))
    with pytest.raises(zoo.InvalidPreset, match="--set encoder.preset=hf://a/b"):
        zoo.config("own.json")
    with pytest.raises(ValueError, match=r"an address of one of \('hf', 'kaggle'\)"):
        zoo.load(spec, overrides={"encoder.preset": "gs://bucket/x"})


def test_a_class_may_say_which_arguments_take_parts(monkeypatch):
    class Pair(kerassl.pretext.Reconstruct):
        """Wraps another pretext layer."""

        parts = {"inner": "pretext"}

        def __init__(self, inner, **kwargs):
            super().__init__(**kwargs)
            self.inner = inner

    monkeypatch.setattr(kerassl.pretext, "Pair", Pair, raising=False)
    Pair.__module__ = "kerassl.pretext"
    inner = {"class": "kerassl.pretext.TwoViews", "size": 8}
    built = zoo.build({"class": "kerassl.pretext.Pair", "inner": inner}, "pretext")
    assert built.inner.size == 8
    with pytest.raises(zoo.InvalidPreset, match="no pretext layer"):
        zoo.build({"class": "kerassl.pretext.Pair", "inner": SHELL}, "pretext")


# ---------------------------------------------------------------- run.json


@pytest.fixture
def run(here):
    """The folder of a run, as far as evaluation reads it before anything else."""
    folder = here / "run"
    folder.mkdir()

    def write(**changes):
        config = {
            "name": "tiny",
            "seed": 0,
            "examples": None,
            "data": {"class": "kerassl.data.digits"},
            "data_used": {},
            "model": {"class": "kerassl.models.SimCLR"},
            "recipe": {"steps": 1, "batch_size": 2},
            **changes,
        }
        (folder / "run.json").write_text(json.dumps(config))
        return folder

    return write


@pytest.mark.parametrize("attack", ATTACKS)
def test_run_json_is_read_by_the_same_rules(attack, run, here, capsys):
    folder = run(data=ATTACKS[attack])
    assert cli.main(["evaluate", str(folder)]) == cli.USAGE
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert os.listdir(here) == ["run"] and os.listdir(folder) == ["run.json"]


@pytest.mark.parametrize(
    "text", ["[]", "null", "3", '"x"', "{", "[" * 9999, b"\xff", '{"name": 3}']
)
def test_a_run_json_that_is_none_is_told(text, run, capsys):
    path = run() / "run.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert cli.main(["evaluate", str(path.parent)]) == cli.USAGE
    said = capsys.readouterr().err
    assert "run.json is damaged" in said and len(said.splitlines()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"examples": 5},
        {"examples": [5]},
        {"examples": {"a": 1}},
        {"seed": "0"},
        {"seed": True},
        {"data": []},
        {"transfer": [1]},
        {"reading": "x"},
        {"recipe": None},
        {"data_used": 3},
    ],
    ids=str,
)
def test_a_value_of_another_type_is_told(changes, run, capsys):
    assert cli.main(["evaluate", str(run(**changes))]) == cli.USAGE
    said = capsys.readouterr().err
    assert next(iter(changes)) in said and len(said.splitlines()) == 1


# ------------------------------------------------------- other files of a run


def test_a_tokenizer_folder_names_tokenizers_only(here):
    tokenizer = data.train_tokenizer(["a b"], vocabulary_size=7)
    data.save_tokenizer(tokenizer, here)
    path = here / "tokenizer.json"
    right = json.loads(path.read_text())
    assert data.load_tokenizer(here).vocabulary_size() == 7
    for wrong in (
        {**right, "class_name": "Lambda", "module": "keras.layers"},
        {**right, "registered_name": "keras_hub>upload_preset"},
        {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}},
        {**right, "config": {**right["config"], "vocabulary": "/etc/passwd"}},
        {**right, "config": {**right["config"], "dtype": "float32"}},
        [],
        3,
        "x",
        None,
        {},
    ):
        path.write_text(json.dumps(wrong))
        with pytest.raises(ValueError, match=r"tokenizer\.json") as caught:
            data.load_tokenizer(here)
        assert len(str(caught.value).splitlines()) == 1
        assert "safe_mode" not in str(caught.value)


@pytest.mark.parametrize("name", ["../secret.npy", "/etc/passwd", "a/b.npy", "", 3])
def test_a_manifest_names_files_of_its_own_folder(name, here):
    shards = here / "shards"
    data.prepare(["a cat sat"] * 9, shards, vocabulary_size=260, workers=1)
    manifest = json.loads((shards / "manifest.json").read_text())
    for key in ("file", "documents_file"):
        changed = json.loads(json.dumps(manifest))
        changed["shards"][0][key] = name
        (shards / "manifest.json").write_text(json.dumps(changed))
        with pytest.raises(ValueError, match="must name files of its own folder"):
            data.TokenShards(shards)
        with pytest.raises(ValueError, match="must name files of its own folder"):
            data.prepare(["a cat sat"] * 9, shards, vocabulary_size=260, workers=1)
    for missing in ("shards", "corpus"):
        changed = {k: v for k, v in manifest.items() if k != missing}
        (shards / "manifest.json").write_text(json.dumps(changed))
        with pytest.raises(ValueError, match="is damaged"):
            data.TokenShards(shards)


def test_a_shard_is_never_unpickled(here):
    shards = here / "shards"
    data.prepare(["a cat sat"] * 9, shards, vocabulary_size=260, workers=1)
    for array in (np.array([Pickled()], object), np.ones((2, 2)), np.ones(3)):
        np.save(shards / "tokens-00000.npy", array)
        with pytest.raises(ValueError, match=r"tokens-00000\.npy cannot be read"):
            data.TokenShards(shards)
    assert os.listdir(here) == ["shards"]


class Pickled:
    """Writes a file where it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("pwned",)


def test_a_checkpoint_is_never_unpickled(here):
    task = zoo.build(
        {
            "class": "kerassl.models.Autoencoder",
            "criterion": "mean_squared_error",
        },
        "model",
        encoder=kerassl.encoders.dense((4,), hidden_dims=(2,)),
        pretext=kerassl.pretext.Reconstruct(),
    )
    task.compile("sgd")
    path = here / "step-1.npz"
    kerassl.callbacks.checkpoint.save_checkpoint(task, path)
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays[next(iter(arrays))] = np.array([Pickled()], object)
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="is damaged"):
        kerassl.callbacks.checkpoint.restore_checkpoint(task, path)
    arrays[next(iter(arrays))] = np.zeros(1 << 24)
    np.savez_compressed(path, **arrays)
    with pytest.raises(ValueError, match="would grow"):
        kerassl.callbacks.checkpoint.restore_checkpoint(task, path)
    path.write_bytes(b"junk")
    with pytest.raises(ValueError, match="no archive"):
        kerassl.callbacks.checkpoint.restore_checkpoint(task, path)
    assert os.listdir(here) == ["step-1.npz"]


# ---------------------------------------------------- folders of other models


@pytest.fixture
def folder(here):
    """A KerasHub preset of a small BERT, with its tokenizer."""
    path = here / "preset"
    tokenizer = data.train_tokenizer(["the cat sat"], vocabulary_size=20)
    keras_hub.models.BertBackbone(20, 1, 2, 8, 16).save_to_preset(str(path))
    tokenizer.save_to_preset(str(path))
    return path


def change(path, edit):
    value = json.loads(path.read_text())
    edit(value)
    path.write_text(json.dumps(value))


def test_a_folder_of_keras_hub_names_parts_only(folder):
    from_preset = kerassl.encoders.from_preset
    assert from_preset(folder)[0].hidden_dim == 8
    change(folder / "config.json", lambda c: c["config"].update(dtype=lambda_part()))
    for read in (from_preset, zoo.loading._stored_tokenizer):
        with pytest.raises(ValueError, match="no part of a model"):
            read(folder)
    spec = {"class": "keras_hub.models.BertBackbone", "preset": str(folder)}
    with pytest.raises(ValueError, match="no part of a model"):
        zoo.build(spec, "encoder")


def test_its_tokenizer_too(folder):
    change(folder / "tokenizer.json", lambda c: c["config"].update(vocabulary="/etc/x"))
    with pytest.raises(ValueError, match="names a file in 'vocabulary'"):
        kerassl.encoders.from_preset(folder)


@pytest.mark.parametrize("name", ["model.weights.json", "model.safetensors.index.json"])
def test_weights_are_listed_in_the_folder_itself(folder, name):
    listed = {"weight_map": {"a": "../../elsewhere.h5"}}
    (folder / name).write_text(json.dumps(listed))
    with pytest.raises(ValueError, match="must name files of its own folder"):
        kerassl.encoders.from_preset(folder)


@pytest.mark.parametrize("config", [{}, [], {"architecture": "resnet18"}, 3])
def test_a_folder_of_another_format_is_refused(folder, config):
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="neither KerasHub's nor"):
        kerassl.encoders.from_preset(folder)


def lambda_part():
    return {"module": "keras.layers", "class_name": "Lambda", "config": {}}


def test_weights_of_a_task_are_looked_through(spec, here):
    encoder().save(here / "other.keras")
    (here / "bad.weights.h5").write_bytes(b"junk")
    for name in ("bad.weights.h5", "other.keras"):
        with pytest.raises(ValueError, match="weights"):
            zoo.load(spec, here / name)


@pytest.mark.parametrize("handle", ["hf://someone/model", "kaggle://a/b/keras/c"])
def test_an_address_is_looked_through_before_it_is_loaded(handle, folder, monkeypatch):
    from keras_hub.src.utils import preset_utils

    monkeypatch.setattr(preset_utils, "get_file", lambda _, name: folder / name)
    kerassl.encoders.huggingface.check_preset(handle)
    change(folder / "config.json", lambda c: c["config"].update(dtype=lambda_part()))
    with pytest.raises(ValueError, match=f"`preset` '{handle}' names"):
        kerassl.encoders.from_preset(handle)


@pytest.mark.parametrize("value", [[], 3, {"model": 3}, {"model": {"type": "BPE"}}])
def test_a_hugging_face_folder_with_an_odd_tokenizer_is_told(value, here):
    config = {"model_type": "bert", "vocab_size": 9, "hidden_size": 8}
    (here / "config.json").write_text(json.dumps(config))
    (here / "tokenizer.json").write_text(json.dumps(value))
    with pytest.raises(ValueError, match="cannot be loaded") as caught:
        kerassl.encoders.from_preset(here, load_weights=False)
    assert len(str(caught.value).splitlines()) == 1


# ------------------------------------------------------------------ own modules


def test_a_folder_with_own_modules_hides_no_installed_one(here, monkeypatch):
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p not in ("", str(here))])
    monkeypatch.setattr(allowed.names, "_OWN", [])
    (here / "own_parts.py").write_text("")
    given.allow_modules(cli._parser().parse_args(["allowed", "--import", "own_parts"]))
    assert sys.path[-1] == str(here) and sys.path.count(str(here)) == 1


def test_the_command_prints_the_list(capsys):
    assert cli.main(["allowed"]) == cli.DONE
    said = capsys.readouterr().out
    for kind, part in allowed.KINDS.items():
        assert kind in said and all(name in said for name in part.bases + part.names)
    assert cli.main(["allowed", "pretext"]) == cli.DONE
    assert "kerassl.pretext.TwoViews\n" in capsys.readouterr().out


def test_the_list_needs_no_tensorflow():
    code = "import sys; from kerassl import cli; cli.main(['allowed']); "
    code += "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


# -------------------------------------------------------------------- fuzzing


@pytest.fixture(scope="module")
def public_names():
    """Every public dotted name that is reachable from the three packages."""
    for module in pkgutil.walk_packages(kerassl.__path__, "kerassl."):
        importlib.import_module(module.name)
    found, waiting, seen = [], [kerassl, keras, keras_hub], set()
    while waiting:
        module = waiting.pop()
        if id(module) in seen:
            continue
        seen.add(id(module))
        for name in dir(module):
            if name.startswith("_"):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                part = getattr(module, name, None)
            dotted = f"{module.__name__}.{name}"
            if type(part) is type(os):
                found.append(dotted)
                if part.__name__.partition(".")[0] in ("kerassl", "keras", "keras_hub"):
                    waiting.append(part)
                else:  # what an attacker is after
                    found += [f"{dotted}.{n}" for n in dir(part)[:40] if n[0] != "_"]
            elif callable(part):
                found.append(dotted)
                found += [f"{dotted}.{n}" for n in ("from_config", "save", "__init__")]
    return sorted(set(found))


def is_right(target):
    """Tells in other words than the package's what may be called."""
    functions = (
        kerassl.data.digits,
        kerassl.data.docs,
        kerassl.data.glyphs,
        kerassl.data.keras_dataset,
        kerassl.data.tones,
        kerassl.encoders.bert,
        kerassl.encoders.conv,
        kerassl.encoders.dcgan_discriminator,
        kerassl.encoders.dcgan_generator,
        kerassl.encoders.dense,
        kerassl.encoders.gated_pixel_cnn,
        kerassl.encoders.gpt2,
        kerassl.encoders.recurrent,
        kerassl.encoders.multiscale_cnn,
        kerassl.encoders.patch_grid,
        kerassl.encoders.recurrent_text,
        kerassl.encoders.plain_cnn,
        kerassl.encoders.resnet,
        kerassl.encoders.side_by_side,
        kerassl.encoders.t5,
        kerassl.encoders.vit,
        kerassl.encoders.vit_small,
        kerassl.encoders.vit_tiny,
        kerassl.encoders.word_vectors,
        keras.Input,
    )
    if target in functions:
        return True
    bases = (
        data.Source,
        keras_hub.tokenizers.Tokenizer,
        keras.layers.Layer,  # with models, pretext layers, backbones, augmentations
        keras.optimizers.Optimizer,
        keras.optimizers.schedules.LearningRateSchedule,
        keras.losses.Loss,
        kerassl.losses.AdversarialLoss,
        keras.metrics.Metric,
        keras.initializers.Initializer,
        keras.regularizers.Regularizer,
        keras.constraints.Constraint,
        kerassl.pretext.text.token_noise.TokenNoise,
        kerassl.transfer.Measure,
    )
    words = ("Lambda", "Lookup", "TFSM", "Jax", "Flax", "Torch", "Vectorization")
    return (
        isinstance(target, type)
        and issubclass(target, bases)
        and not issubclass(
            target, (keras_hub.models.Task, keras_hub.models.Preprocessor)
        )
        and not any(word in target.__name__ for word in words)
    )


def random_spec(chance, names, depth=0):
    arguments = ["x", "units", "layers", "encoder", "optimizer", "path", "filepath"]
    arguments += ["preset", "command", "loss", "tokenizer", "kernel_initializer"]
    spec = {"class": chance.choice(names)}
    for argument in chance.sample(arguments, chance.randrange(3)):
        if depth < 3 and chance.random() < 0.5:
            spec[argument] = random_spec(chance, names, depth + 1)
        else:
            spec[argument] = chance.choice([1, "pwned", [1], None, {"a": 1}])
    return spec


def test_of_a_thousand_specs_only_parts_are_called(public_names, here, monkeypatch):
    called, opened = [], []
    chance = random.Random(0)

    def call(what, target, /, *args, **kwargs):
        called.append(getattr(target, "__self__", target))
        return 1

    def watched(file, mode="r", *args, **kwargs):
        opened.append((file, mode))
        return opening(file, mode, *args, **kwargs)

    opening = builtins.open
    monkeypatch.setattr(assemble, "_call", call)
    monkeypatch.setattr(builtins, "open", watched)
    assert len(public_names) > 5000
    built = refused = 0
    for _ in range(1000):
        spec = random_spec(chance, public_names)
        kind = chance.choice([None, *allowed.KINDS])
        try:
            zoo.build(spec, kind)
            built += 1
        except ValueError as error:
            assert len(str(error).splitlines()) == 1
            refused += 1
    # And every name once, alone: nothing may slip through by chance.
    for name in public_names:
        try:
            zoo.build({"class": name})
            built += 1
        except ValueError:
            refused += 1
    monkeypatch.undo()
    assert built > 300 and refused > 3000
    wrong = {target for target in called if not is_right(target)}
    assert not wrong
    assert not [name for name, mode in opened if set(mode) & set("wax+")]
    assert not os.listdir(here)


def test_of_every_name_configurations_take_parts_only(public_names):
    wrong = []
    for name in public_names:
        module, _, last = name.rpartition(".")
        for registered in (None, last, f"keras_hub>{last}"):
            config = {"module": module, "class_name": last, "config": {}}
            try:
                allowed.check_config({**config, "registered_name": registered}, "it")
            except allowed.NotAllowed:
                continue
            try:
                found = serialization_lib._retrieve_class_or_fn(
                    last, registered or last, module, "class", config
                )
            except (TypeError, ValueError):
                continue  # Keras finds nothing
            policies = (keras.DTypePolicy, keras.Quantizer, keras.random.SeedGenerator)
            function = callable(found) and not isinstance(found, type)
            right = is_right(found) or (
                found.__module__.startswith(("keras.src.", "keras_hub.src."))
                and (function or issubclass(found, (keras.Operation, *policies)))
            )
            if not right or function and not _is_known_function(found):
                wrong.append((name, registered))
    assert not wrong


def _is_known_function(found):
    homes = (keras.activations, keras.losses, keras.metrics, keras.initializers)
    gelu = keras.saving.get_custom_objects()["keras_hub>gelu_approximate"]
    return found is gelu or any(found in vars(home).values() for home in homes)
