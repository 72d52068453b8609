"""Presets become tasks: fresh, from a run, from a file, from another encoder."""

import json

import keras
import numpy as np
import presets
import pytest

from kerassl import data, models, zoo


@pytest.fixture(scope="module")
def spec():
    """A preset of images small enough to build many times."""
    return presets.simclr()


@pytest.fixture(scope="module")
def text_spec():
    return {
        "name": "tiny_bert",
        "summary": "BERT on documents",
        "modality": "text",
        "data": {"class": "kerassl.data.docs"},
        "tokenizer": {"kind": "wordpiece", "vocabulary_size": 99},
        "encoder": {
            "class": "keras_hub.models.BertBackbone",
            "vocabulary_size": 99,
            "num_layers": 1,
            "num_heads": 2,
            "hidden_dim": 8,
            "intermediate_dim": 16,
            "max_sequence_length": 12,
        },
        "pretext": {"class": "kerassl.pretext.MaskedTokens", "sequence_length": 12},
        "model": {"class": "kerassl.models.MaskedLM"},
        "recipe": {"batch_size": 2, "steps": 2},
    }


@pytest.fixture(scope="module")
def tokenizer():
    texts = ["the cat sat on the mat", "the dog ate the hat"]
    return data.train_tokenizer(texts, vocabulary_size=30)


def same_weights(one, other):
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_load_builds_the_task(spec):
    task = zoo.load(spec, overrides={"model.temperature": 0.3})
    assert isinstance(task, models.SimCLR)
    assert task.temperature == 0.3 and task.projection_dim == 4
    assert task.encoder.output_shape == (None, 4)
    assert not task.compiled


def test_load_reads_your_own_file(spec, tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps(spec))
    assert zoo.load(tmp_path / "mine.json").projection_dim == 4


@pytest.mark.parametrize("name", zoo.names())
def test_every_preset_names_classes_that_take_its_arguments(name):
    from kerassl.zoo.assemble import check_arguments, resolve
    from kerassl.zoo.loading import taken

    def check(section, given):
        target = resolve(section["class"])
        check_arguments(section["class"], target, [*section.keys() - {"class"}, *given])

    spec = zoo.config(name)
    text = spec["modality"] == "text"
    check(spec["data"], [])
    check(spec["pretext"], ["tokenizer"] if text else [])
    check(spec["model"], ["encoder", "pretext"])
    if "preset" not in spec["encoder"]:
        check(spec["encoder"], [])
        spellings = dict.fromkeys(("vocabulary_size", "vocab_size"))
        assert bool(taken(spec["encoder"], spellings)) == text
    optimizer = spec["recipe"].get("optimizer", {})
    parts = [optimizer] if "class" in optimizer else optimizer.values()
    for part in parts:  # one for each player
        check({**part, "learning_rate": None}, [])
    keys = [f"transfer.{key}" for key in spec.get("transfer", {})]
    keys += [f"recipe.{key}" for key in spec["recipe"]]
    keys += [f"tokenizer.{key}" for key in spec.get("tokenizer", {})]
    bare = {"transfer": {}, "recipe": {}, "tokenizer": {}}
    recipe = {f"recipe.{key}": value for key, value in spec["recipe"].items()}
    zoo.override(bare, {key: recipe.get(key, 1) for key in keys})


def test_dtype_is_the_encoders(spec):
    task = zoo.load(spec, dtype="mixed_bfloat16")
    assert task.encoder.layers[-1].compute_dtype == "bfloat16"
    assert task.dtype == "float32"


def test_random_weights_differ_from_load_to_load(spec):
    one, other = zoo.load(spec, "random"), zoo.load(spec, "random")
    assert not same_weights(one.encoder, other.encoder)


def test_weights_of_a_run_a_task_and_an_encoder(spec, tmp_path):
    trained = zoo.load(spec)
    trained.compile("adam")
    trained.optimizer.build(trained.trainable_variables)
    trained.save(tmp_path / "task.keras")
    trained.save_weights(tmp_path / "task.weights.h5")
    trained.encoder.save(tmp_path / "other.keras")
    trained.encoder.save_weights(tmp_path / "encoder.weights.h5")
    for whole in (tmp_path, tmp_path / "task.keras", tmp_path / "task.weights.h5"):
        assert same_weights(zoo.load(spec, whole), trained), whole
    for part in (tmp_path / "other.keras", tmp_path / "encoder.weights.h5"):
        task = zoo.load(spec, part)
        assert same_weights(task.encoder, trained.encoder), part
        assert not same_weights(task.head, trained.head)


def test_a_run_that_kept_only_its_encoder(spec, tmp_path):
    trained = zoo.load(spec)
    trained.encoder.save(tmp_path / "encoder.keras")
    assert same_weights(zoo.load(spec, tmp_path).encoder, trained.encoder)


def test_weights_that_are_not_there_or_do_not_fit(spec, tmp_path):
    with pytest.raises(FileNotFoundError, match="received '.*nowhere'"):
        zoo.load(spec, tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"neither task\.keras nor"):
        zoo.load(spec, tmp_path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"a \.keras or a \.weights\.h5 file"):
        zoo.load(spec, tmp_path / "notes.txt")
    (tmp_path / "bad.keras").write_text("not an archive")
    with pytest.raises(ValueError, match="is not a Keras archive"):
        zoo.load(spec, tmp_path / "bad.keras")
    zoo.load(spec).encoder.save(tmp_path / "encoder.keras")
    with pytest.raises(ValueError, match="does not fit the encoder of this preset"):
        zoo.load(spec, tmp_path, overrides={"encoder.widths": [8]})


def test_a_wrong_argument_is_told_before_anything_is_built(spec):
    with pytest.raises(ValueError, match="Did you mean 'temperature'"):
        zoo.load(spec, overrides={"model.temprature": 1})
    with pytest.raises(zoo.InvalidPreset, match="section 'model' is missing"):
        zoo.load({key: spec[key] for key in spec if key != "model"})
    with pytest.raises(ValueError, match="learns from image examples and takes none"):
        zoo.load(spec, tokenizer="folder")


def test_the_vocabulary_follows_the_tokenizer(text_spec, tokenizer, tmp_path):
    data.save_tokenizer(tokenizer, tmp_path)
    for given in (tokenizer, tmp_path, str(tmp_path)):
        task = zoo.load(text_spec, tokenizer=given)
        assert isinstance(task, models.MaskedLM)
        assert task.encoder.vocabulary_size == 30
        assert task.pretext.tokenizer.vocabulary_size() == 30


def test_the_tokenizer_of_a_run_is_found(text_spec, tokenizer, tmp_path):
    trained = zoo.load(text_spec, tokenizer=tokenizer)
    trained.save(tmp_path / "task.keras")
    data.save_tokenizer(tokenizer, tmp_path / "tokenizer")
    for weights in (tmp_path, tmp_path / "task.keras"):
        assert same_weights(zoo.load(text_spec, weights), trained)


def test_a_missing_tokenizer_is_told(text_spec, tmp_path):
    with pytest.raises(ValueError, match="trains its own on your texts"):
        zoo.load(text_spec)
    with pytest.raises(FileNotFoundError, match="expected a folder or a KerasHub"):
        zoo.load(text_spec, tokenizer=tmp_path / "nowhere")


def test_an_encoder_that_names_a_folder_brings_its_weights(
    text_spec, tokenizer, tmp_path
):
    trained = zoo.load(text_spec, tokenizer=tokenizer)
    trained.encoder.save_to_preset(str(tmp_path))
    tokenizer.save_to_preset(str(tmp_path))
    change = {"encoder.preset": str(tmp_path)}
    task = zoo.load(text_spec, overrides=change)
    assert same_weights(task.encoder, trained.encoder)
    assert task.pretext.tokenizer.vocabulary_size() == 30
    fresh = zoo.load(text_spec, "random", overrides=change)
    assert fresh.encoder.hidden_dim == 8
    assert not same_weights(fresh.encoder, trained.encoder)
    change["encoder.class"] = "keras_hub.models.RobertaBackbone"
    with pytest.raises(zoo.InvalidPreset, match="holds a BertBackbone, expected a"):
        zoo.load(text_spec, overrides=change)


def test_a_real_hugging_face_folder(text_spec, kerassl_data):
    folder = kerassl_data / "weights" / "minilm_l6"
    task = zoo.load(text_spec, overrides={"encoder.preset": str(folder)})
    assert task.encoder.hidden_dim == 384
    assert task.encoder.vocabulary_size == task.pretext.tokenizer.vocabulary_size()
    keras.backend.clear_session()
