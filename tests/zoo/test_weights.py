"""Trained weights beside a preset: whole, told, loaded, and as good as their run."""

import hashlib
import json
import pickle
import re
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import presets
import pytest
from weights_folder import QUICK, rehash

import kerassl
from kerassl import cli, data, zoo
from kerassl.data.licences import Licence
from kerassl.pretraining import shipping
from kerassl.pretraining.examples import sources
from kerassl.transfer import Classification
from kerassl.zoo import weights

# Of all that the wheel holds of it.
MOST_BYTES = 25_000_000
SHIPPED = weights.trained_names()
# Rounding may turn a few of the test examples, and with them a setting.
TOLERANCE = 0.01
# Label draws that are made again.
DRAWS = 3


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished, measured run of a tiny preset."""
    folder = tmp_path_factory.mktemp("weights")
    preset = folder / "tiny.json"
    preset.write_text(json.dumps(presets.simclr(transfer=QUICK)))
    return kerassl.pretrain(preset, out=folder / "run", progress=False)


@pytest.fixture(scope="module")
def shipped(run):
    """The preset beside the run, its trained weights beside it."""
    shipping.ship(run.path, run.path.parent / "tiny.json")
    return run.path.parent / "tiny.json"


@pytest.fixture
def preset(shipped, tmp_path):
    """The same in a folder of its own, to be changed."""
    shutil.copytree(shipped.with_suffix(""), tmp_path / "tiny")
    return shutil.copy(shipped, tmp_path / "tiny.json")


def manifest_of(preset):
    return preset.with_suffix("") / weights.MANIFEST


def rewrite(preset, **changes):
    path = manifest_of(preset)
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def datasets(h5):
    found = []
    h5.visititems(
        lambda name, part: (
            found.append(name) if isinstance(part, h5py.Dataset) else None
        )
    )
    return found


def test_a_preset_loads_as_its_run_left_it(run, preset):
    task = zoo.load(preset, weights="pretrained")
    for now, before in zip(
        task.get_weights(),
        run.task.get_weights()[: len(task.get_weights())],
        strict=True,
    ):
        np.testing.assert_allclose(now, before, rtol=1e-3, atol=1e-4)
    images = data.digits("test").fetch(np.arange(40))
    before = run.task.encode(images)
    spread = np.linalg.norm(before - before.mean(axis=0))
    assert np.linalg.norm(task.encode(images) - before) < 0.005 * spread
    assert {v.dtype for v in task.variables} == {"float32"}
    random = zoo.load(preset)
    assert np.linalg.norm(random.encode(images) - before) > 0.1 * spread


def test_vectors_stay_whole(run, preset):
    """Statistics and biases are float32, kernels float16."""
    with h5py.File(weights.verified(preset)) as file:
        parts = [file[name] for name in datasets(file)]
        kinds = {(part.ndim > 1, part.dtype.name) for part in parts}
    assert kinds == {(True, "float16"), (False, "float32")}


def test_the_manifest_tells_of_the_run(run, preset):
    found = zoo.manifest(preset)
    assert found["config_hash"] == zoo.config_hash(zoo.config(preset))
    assert found["configuration"] == run.report["config_hash"]
    assert (found["seed"], found["steps"], found["holds"]) == (0, 2, "task")
    assert found["data"]["licence"] == "CC-BY-4.0"
    assert found["data"]["examples"] == 1297
    assert found["figures"] == run.measures
    assert found["parameters"] == run.task.count_params()
    assert found["input"]["told"] == (
        "float32 (8, 8, 1): images in [0, 1] (uint8 divided by 255)"
    )
    assert 0 < found["rounding"] < 0.005


def test_show_tells_size_data_licence_date_and_hash(run, preset, capsys):
    assert cli.main(["show", str(preset)]) == 0
    shown, found = capsys.readouterr().out, zoo.manifest(preset)
    size = sum(facts["bytes"] for facts in found["files"].values())
    for word in (
        f"{size:,} bytes",
        "Handwritten Digits",
        "CC-BY-4.0",
        found["date"],
        found["files"]["task.weights.h5"]["sha256"],
        "images in [0, 1]",
        'weights="pretrained"',
    ):
        assert word in shown, word
    assert cli.main(["show", str(preset), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == zoo.config(preset)


def test_an_encoder_alone(run, tmp_path):
    copy = tmp_path / "tiny.json"
    copy.write_bytes((run.path.parent / "tiny.json").read_bytes())
    shipping.ship(run.path, copy, encoder_only=True)
    task = zoo.load(copy, weights="pretrained")
    pairs = zip(task.encoder.get_weights(), run.encoder.get_weights(), strict=True)
    for now, before in pairs:
        np.testing.assert_allclose(now, before, rtol=1e-3, atol=1e-4)
    heads = zip(task.head.get_weights(), run.task.head.get_weights(), strict=True)
    assert not all(np.allclose(*pair, rtol=1e-3, atol=1e-4) for pair in heads)
    assert "the encoder," in zoo.told(copy)


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Sentences of this test in two folders, as data of one's own."""
    folder = tmp_path_factory.mktemp("texts")
    for kind, words in {"pets": "cat dog hen", "tools": "saw axe pen"}.items():
        (folder / kind).mkdir()
        for name in words.split():
            lines = [f"the {name} is number {i} of {kind}" for i in range(10)]
            (folder / kind / f"{name}.txt").write_text("\n".join(lines))
    return folder


OWN = Licence("sentences of a test", "CC0-1.0", "https://example.org")


def test_a_text_preset_loads_with_its_tokenizer(texts, tmp_path):
    spec = {
        "name": "tiny_bert",
        "summary": "BERT on documents",
        "modality": "text",
        "data": {"class": "kerassl.data.docs"},
        "tokenizer": {"kind": "wordpiece", "vocabulary_size": 90},
        "encoder": {
            "class": "keras_hub.models.BertBackbone",
            "vocabulary_size": 90,
            "num_layers": 1,
            "num_heads": 2,
            "hidden_dim": 8,
            "intermediate_dim": 16,
            "max_sequence_length": 12,
        },
        "pretext": {"class": "kerassl.pretext.MaskedTokens", "sequence_length": 12},
        "model": {"class": "kerassl.models.MaskedLM"},
        "recipe": {"batch_size": 2, "steps": 2},
        "transfer": QUICK,
    }
    copy = tmp_path / "tiny_bert.json"
    copy.write_text(json.dumps(spec))
    run = kerassl.pretrain(copy, texts, out=tmp_path / "run", progress=False)
    with pytest.raises(ValueError, match="No licence is known of the run's data"):
        shipping.ship(run.path, copy)
    with pytest.raises(ValueError, match="`licence` must be one of"):
        shipping.ship(run.path, copy, licence=replace(OWN, licence="CC-BY-NC-4.0"))
    shipping.ship(run.path, copy, licence=OWN)
    before = run.task.encode(["the cat is number 3"])
    shutil.rmtree(run.path)
    task = zoo.load(copy, weights="pretrained")
    vocabulary = task.pretext.tokenizer.vocabulary_size()
    now = task.encode(["the cat is number 3"])
    np.testing.assert_allclose(now, before, rtol=0.02, atol=0.005)
    found = zoo.manifest(copy)
    assert f"token ids in [0, {vocabulary - 1}]" in found["input"]["told"]
    assert found["data"]["name"] == OWN.name and "used" not in found["data"]
    assert str(tmp_path) not in manifest_of(copy).read_text()
    with pytest.raises(ValueError, match="tokenizer: expected None"):
        zoo.load(copy, weights="pretrained", tokenizer=task.pretext.tokenizer)
    # The vocabulary is a part of what is trained.
    (listed,) = [name for name in found["files"] if "assets" in name]
    (copy.with_suffix("") / listed).write_text("[]")
    with pytest.raises(ValueError, match="is damaged: expected"):
        zoo.load(copy, weights="pretrained")


# --- What is refused, in one line ---


def refused(preset, message, **options):
    with pytest.raises(ValueError, match=message) as caught:
        zoo.load(preset, weights="pretrained", **options)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_a_preset_without_weights_names_those_with():
    said = refused("bert_base", "preset 'bert_base' comes without trained weights")
    assert (", ".join(SHIPPED) or "no preset yet") in said


@pytest.mark.parametrize("wrong", ["pretraind", "Pretrained", "nowhere"])
def test_an_unknown_word_is_told(wrong):
    with pytest.raises(FileNotFoundError, match="None, 'pretrained', 'random' or an"):
        zoo.load("simclr_digits", weights=wrong)


def test_overrides_that_change_a_shape_name_the_variable(preset):
    kernel = r"encoder/layers/\w+/vars/0 of shape \(4,\), here it is \(8,\)"
    refused(preset, kernel, overrides={"encoder.widths": [8]})
    refused(
        preset,
        r"head/stack/dense_1/vars/0 of shape \(4, 4\), here it is \(4, 6\)",
        overrides={"model.projection_dim": 6},
    )
    refused(preset, "It lacks encoder/layers", overrides={"encoder.depths": [2]})
    # What changes no shape is the user's own affair.
    changed = {"model.temperature": 0.3}
    assert zoo.load(preset, "pretrained", overrides=changed).temperature == 0.3


def test_every_byte_counts(preset):
    file = weights.verified(preset)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    refused(preset, "task.weights.h5 is damaged: expected SHA-256 ")
    file.write_bytes(content[:-1])
    refused(preset, "task.weights.h5 is damaged: expected .* bytes, received ")
    file.unlink()
    refused(preset, "lacks 'task.weights.h5'")


def test_a_file_that_is_not_listed(preset):
    extra = preset.with_suffix("") / "tokenizer"
    extra.mkdir()
    (extra / "tokenizer.json").write_text("{}")
    refused(preset, r"does not list 'tokenizer/tokenizer\.json'")


DAMAGES = {
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:900]),
    "no HDF5": lambda file: file.write_text("weights"),
    "empty": lambda file: file.write_bytes(b""),
    "pickled": lambda file: file.write_bytes(pickle.dumps([{}])),
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_a_damaged_file_with_a_right_hash(preset, damage):
    """A folder of another is refused like any file of another."""
    file = weights.verified(preset)
    DAMAGES[damage](file)
    rehash(preset)
    refused(preset, "weights")


def exchange(file, values=None, **options):
    """Replaces the first variable in a file."""
    with h5py.File(file, "r+") as h5:
        found = datasets(h5)
        del h5[found[0]]
        if options:
            h5.create_dataset(found[0], **options)
        elif isinstance(values, h5py.ExternalLink):
            h5[found[0]] = values
        elif values is not None:
            h5[found[0]] = values


VARIABLES = {
    "text for numbers": {"values": np.array([b"a"] * 4)},
    "another shape": {"values": np.zeros((2, 2), "float32")},
    "missing": {},
    "a link elsewhere": {"values": h5py.ExternalLink("/etc/passwd", "/")},
    "a bomb": {"shape": (1 << 36,), "dtype": "float32", "chunks": (1 << 16,)},
    "a structure": {"values": np.zeros(4, [("a", "f4"), ("b", "i4")])},
}


@pytest.mark.parametrize("kind", list(VARIABLES))
def test_a_variable_that_is_none(preset, kind):
    file = weights.verified(preset)
    exchange(file, **VARIABLES[kind])
    rehash(preset)
    refused(preset, "weights")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "of a format that this version does not read"),
        ({"holds": "all"}, "of a format that this version does not read"),
        ({"seed": True}, "'seed' is True"),
        ({"data": {"name": "digits"}}, "'data' has no 'licence'"),
        ({"files": {}}, "'files' lacks 'task.weights.h5'"),
        ({"files": {"task.weights.h5": 3}}, "what it says of 'task.weights.h5' is 3"),
        (
            {"files": {"task.weights.h5": {"bytes": 1 << 40, "sha256": "0" * 64}}},
            "what it says of 'task.weights.h5'",
        ),
    ],
)
def test_a_damaged_manifest(preset, changes, message):
    rewrite(preset, **changes)
    refused(preset, message)


def test_a_manifest_that_is_none_or_leads_elsewhere(preset):
    (preset.parent / "other.h5").write_bytes(b"")
    files = json.loads(manifest_of(preset).read_text())["files"]
    outside = {"bytes": 0, "sha256": hashlib.sha256(b"").hexdigest()}
    rewrite(preset, files={**files, "../other.h5": outside})
    refused(preset, r"lacks '\.\./other\.h5'")
    manifest_of(preset).write_text("[1]")
    refused(preset, "expected a JSON object")
    manifest_of(preset).write_text("{")
    refused(preset, "is not valid JSON")


# --- What the package ships ---


def test_all_of_it_is_small_enough():
    sizes = [
        facts["bytes"]
        for name in SHIPPED
        for facts in zoo.manifest(name)["files"].values()
    ]
    assert sum(sizes) <= MOST_BYTES


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_is_of_the_preset_as_it_is(name):
    found = zoo.manifest(name)
    assert found["preset"] == name
    assert found["config_hash"] == zoo.config_hash(zoo.config(name)), (
        "the preset has changed: train it anew, and ship that run"
    )
    assert weights.verified(name).is_file()
    named = {found["configuration"], found["config_hash"]}  # of the run, of the preset
    assert any(each in zoo.card(name) for each in named), "the card is of another run"
    task = zoo.load(name, weights="pretrained")
    counted = task if found["holds"] == "task" else task.encoder
    assert found["parameters"] == counted.count_params()


EMBEDDED = [
    name
    for name in SHIPPED
    if zoo.config(name)["data"]["class"] == "kerassl.data.digits"
]


@pytest.mark.parametrize("name", EMBEDDED)
def test_what_is_shipped_measures_as_its_card_says(name):
    spec, found = zoo.config(name), zoo.manifest(name)
    plan = {**spec, "seed": found["seed"]}
    train, test = sources(plan, None, found["seed"], {"classes"})
    rows = found["figures"]["classification"]["rows"]
    wanted = {
        row["labels_per_class"]: np.mean(row["accuracies"][:DRAWS])
        for row in rows
        if (row["method"], row["encoder"]) == ("linear_probe", "pretrained")
    }
    assert wanted
    options = {**spec.get("transfer", {}), "draws": DRAWS, "controls": []}
    options["methods"] = ["linear_probe"]
    task = zoo.load(name, weights="pretrained")
    again = Classification(**options)(task, train, test, seed=found["seed"])
    for budget, mean in wanted.items():
        row = again.comparison.row("pretrained", "linear_probe", budget)
        assert row["mean"] == pytest.approx(mean, abs=TOLERANCE)


def test_the_lines_of_the_readme_run(shipped):
    """Those of the section, with the weights of a tiny preset in the place of its."""
    page = Path(__file__).parents[2] / "README.md"
    section = re.search(
        r"## Trained weights\n(.*?)\n## ", page.read_text("utf-8"), re.S
    )
    lines = [line.strip() for line in section[1].splitlines() if line[:4] == "    "]
    assert len(lines) == 2 and 'weights="pretrained"' in lines[0]
    images = data.digits("test").fetch(np.arange(3)).numpy()
    found = {"kerassl": kerassl, "images": images}
    exec("\n".join(lines).replace('"simclr_digits"', repr(str(shipped))), found)
    assert found["features"].shape == (3, 4)
