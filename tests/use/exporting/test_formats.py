"""Every format read back without kerassl, and its numbers."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import kerassl
from kerassl import data
from kerassl.use.exporting.formats import FORMATS

# Runs a script where kerassl cannot be imported.
WITHOUT = """
import runpy, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "kerassl":
            raise ModuleNotFoundError("kerassl is blocked", name=name)

sys.meta_path.insert(0, Blocked())
runpy.run_path(sys.argv[1], run_name="__main__")
assert not any(name.partition(".")[0] == "kerassl" for name in sys.modules)
"""
TEXTS = ["x u rot", "zoo w tea, the Cat's naïve x ya u v"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Returns a function of (run, format) that exports each once."""
    made = {}

    def export(run, format, **options):
        key = (str(run.path), format, *options.items())
        if key not in made:
            out = tmp_path_factory.mktemp("export") / format
            made[key] = kerassl.export(run, out, format, progress=False, **options)
        return made[key]

    return export


def printed_by(script):
    """Returns what a script prints in a process of its own, without kerassl."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("PYTHONPATH", None)
    command = [sys.executable, "-c", WITHOUT, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def difference_of(printed):
    return float(printed.strip().rpartition(" ")[2])


@pytest.mark.parametrize("format", ["savedmodel", "litert", "onnx"])
def test_images_go_in_as_they_are(exported, images_run, format):
    made = exported(images_run, format)
    images = data.digits().fetch(range(40, 44)).numpy()
    want = images_run.task.encode(images)
    got = FORMATS[format].load(made.path)({"images": images})
    np.testing.assert_allclose(got, want, atol=1e-5)
    assert made.facts["difference"] < 1e-5
    assert made.facts["inputs"]["images"]["dtype"] == "uint8"


def test_a_saved_model_resizes_images(exported, images_run):
    load = FORMATS["savedmodel"].load(exported(images_run, "savedmodel").path)
    images = np.random.default_rng(0).integers(0, 256, (2, 19, 12, 1), "uint8")
    want = images_run.task.encode(images)
    np.testing.assert_allclose(load({"images": images}), want, atol=1e-5)


def test_a_saved_model_takes_texts(exported, bert_run):
    made = exported(bert_run, "savedmodel")
    got = FORMATS["savedmodel"].load(made.path)({"texts": np.array(TEXTS)})
    np.testing.assert_allclose(got, bert_run.task.encode(TEXTS), atol=1e-5)


@pytest.mark.parametrize("format", ["litert", "onnx"])
def test_texts_become_ids_by_the_tokenizer_beside_it(exported, bert_run, format):
    from tokenizers import Tokenizer

    made = exported(bert_run, format)
    assert made.facts["tokenizer"]["same_rows"] == made.facts["tokenizer"]["rows"]
    path = made.path / made.facts["tokenizer"]["file"]
    rows = Tokenizer.from_file(str(path)).encode_batch(TEXTS)
    inputs = {
        "token_ids": np.array([row.ids for row in rows], "int32"),
        "padding_mask": np.array([row.attention_mask for row in rows], "int32"),
        "segment_ids": np.zeros((2, 16), "int32"),
    }
    got = FORMATS[format].load(made.path)(inputs)
    np.testing.assert_allclose(got, bert_run.task.encode(TEXTS), atol=1e-5)


@pytest.mark.parametrize(
    "format, run",
    [
        ("savedmodel", "images_run"),
        ("savedmodel", "bert_run"),
        ("litert", "images_run"),
        ("onnx", "bert_run"),
        ("keras_hub", "bert_run"),
    ],
)
def test_its_script_runs_without_kerassl(exported, request, format, run):
    made = exported(request.getfixturevalue(run), format)
    printed = printed_by(made.path / "load_example.py")
    assert printed.startswith(f"{format}: (2, ")
    assert difference_of(printed) < 1e-5


def test_a_block_on_kerassl_blocks(tmp_path):
    (tmp_path / "script.py").write_text("import kerassl")
    with pytest.raises(AssertionError, match="kerassl is blocked"):
        printed_by(tmp_path / "script.py")


def test_a_keras_hub_preset_has_its_preprocessor(exported, bert_run, tmp_path):
    made = exported(bert_run, "keras_hub")
    prepared = bert_run.task.pretext.prepare(tf.constant(TEXTS))
    names = ("token_ids", "padding_mask", "segment_ids")
    inputs = {name: prepared[name] for name in names}
    want = bert_run.encoder.predict(inputs, verbose=0)["sequence_output"]
    np.savez(tmp_path / "want.npz", texts=np.array(TEXTS), want=want)
    (tmp_path / "script.py").write_text(
        "import keras_hub, numpy as np\n"
        f"kept = np.load({str(tmp_path / 'want.npz')!r})\n"
        f"folder = {str(made.path)!r}\n"
        "kind = keras_hub.models.TextClassifierPreprocessor\n"
        "inputs = kind.from_preset(folder)(kept['texts'].tolist())\n"
        "backbone = keras_hub.models.Backbone.from_preset(folder)\n"
        "got = backbone.predict(inputs, verbose=0)['sequence_output']\n"
        "assert got.shape == kept['want'].shape, got.shape\n"
        "print('greatest difference', np.abs(got - kept['want']).max())\n"
    )
    assert difference_of(printed_by(tmp_path / "script.py")) < 1e-5


def test_a_keras_hub_preset_holds_the_decoder_too(exported, t5_run):
    made = exported(t5_run, "keras_hub")
    assert "decoder_token_ids" in made.facts["inputs"]
    assert made.facts["difference"] < 1e-5
    assert made.facts["tokenizer"]["same_rows"] == made.facts["tokenizer"]["rows"]


@pytest.mark.parametrize("run", ["bert_run", "gpt2_run"])
def test_the_layout_of_transformers(exported, request, run):
    made = exported(request.getfixturevalue(run), "huggingface")
    # By KerasHub's own reader of that layout.
    assert made.facts["difference"] < 1e-5
    names = {path.name for path in made.path.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer_config.json"} <= names


@pytest.mark.parametrize("run", ["bert_run", "gpt2_run"])
def test_transformers_load_it(exported, request, run):
    pytest.importorskip("transformers")
    pytest.importorskip("torch")
    made = exported(request.getfixturevalue(run), "huggingface")
    assert difference_of(printed_by(made.path / "load_example.py")) < 1e-5


def test_it_comes_with_its_page(exported, bert_run):
    made = exported(bert_run, "onnx")
    page = (made.path / "README.md").read_text("utf-8")
    assert page.startswith("---\nlicense: other\n")
    assert "| `token_ids` | int32 | (any, 16) | token ids in [0, " in page
    assert "onnxruntime.InferenceSession" in page
    assert "seed 0" in page and "has not been measured" in page
    facts = json.loads((made.path / "export.json").read_text("utf-8"))
    assert facts == made.facts
    # Nothing of anyone's data is in it.
    with np.load(made.path / "example.npz") as kept:
        assert kept["input_token_ids"].shape == (2, 16)


@pytest.mark.parametrize("format", ["litert", "onnx"])
def test_int8_tells_its_loss(exported, images_run, format):
    made = exported(images_run, format, quantize="int8")
    loss = made.facts["loss"]
    assert 0.95 < loss["least_cosine"] <= loss["cosine"] <= 1 + 1e-6
    assert {"knn_before", "knn_after"} <= set(loss)
    assert made.facts["bytes_in_floats"] > 0
    images = data.digits().fetch(range(40, 44)).numpy()
    want = images_run.task.encode(images)
    got = FORMATS[format].load(made.path)({"images": images})
    assert np.abs(got - want).max() > 0  # they are integers indeed
    np.testing.assert_allclose(got, want, atol=0.1 * np.abs(want).max())


def test_int8_by_keras_in_a_saved_model(exported, bert_run):
    made = exported(bert_run, "savedmodel", quantize="int8")
    assert made.facts["loss"]["least_cosine"] > 0.95
    kept = tf.train.load_checkpoint(str(made.path / "variables" / "variables"))
    kinds = set(kept.get_variable_to_dtype_map().values())
    assert tf.int8 in kinds


def test_a_recurrent_encoder_of_sounds(exported, tmp_path):
    spec = kerassl.zoo.config("apc_tones")
    spec["encoder"].update(hidden_dim=8, num_layers=1)
    spec["recipe"].update(steps=1, batch_size=4)
    (tmp_path / "tiny.json").write_text(json.dumps(spec))
    options = {"evaluate": False, "progress": False}
    run = kerassl.pretrain(tmp_path / "tiny.json", out=tmp_path / "run", **options)
    raw = exported(run, "savedmodel")
    assert raw.facts["inputs"]["waveform"]["shape"] == [None, None]
    assert raw.facts["difference"] < 1e-5
    # ONNX has no Fourier transform by this converter: it takes what `prepare` gives.
    prepared = exported(run, "onnx")
    assert prepared.facts["inputs"]["log_mels"]["dtype"] == "float32"
    assert prepared.facts["difference"] < 1e-5


def test_the_difference_is_measured(images_run, tmp_path, monkeypatch):
    # What is checked is what was written: other weights are seen.
    write = FORMATS["onnx"].write

    def wrong(subject, folder, quantize=None):
        layer = subject.task.encoder.trainable_variables[0]
        layer.assign(layer + 0.5)
        write(subject, folder, quantize)

    monkeypatch.setattr(FORMATS["onnx"], "write", wrong)
    with pytest.raises(RuntimeError, match="numbers that differ by"):
        kerassl.export(images_run, tmp_path / "out", "onnx", progress=False)
    assert not list(tmp_path.iterdir())
