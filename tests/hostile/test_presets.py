"""Presets, their sections and the values that `--set` gives them, right and wrong."""

import copy
import json
import re

import presets
import pytest
from hostile_inputs import in_time, short

from kerassl import cli, zoo

SIMCLR = presets.simclr(
    recipe={
        "optimizer": {"class": "keras.optimizers.AdamW", "weight_decay": 0.01},
        "learning_rate": 0.01,
        "batch_size": 8,
        "steps": 2,
    },
    transfer={"labels_per_class": [5], "draws": 1, "methods": ["knn"]},
)
BERT = {
    "name": "words",
    "summary": "BERT on documents",
    "modality": "text",
    "data": {"class": "kerassl.data.docs"},
    "tokenizer": {"kind": "wordpiece", "vocabulary_size": 200, "lowercase": True},
    "encoder": {
        "class": "keras_hub.models.BertBackbone",
        "vocabulary_size": 200,
        "num_layers": 1,
        "num_heads": 2,
        "hidden_dim": 8,
        "intermediate_dim": 8,
        "max_sequence_length": 16,
    },
    "pretext": {"class": "kerassl.pretext.MaskedTokens", "sequence_length": 16},
    "model": {"class": "kerassl.models.MaskedLM"},
    "recipe": {"learning_rate": 0.01, "batch_size": 4, "steps": 1},
    "transfer": {},
}
PRESETS = {"tiny": SIMCLR, "words": BERT}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, spec in PRESETS.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(spec))
    (tmp_path / "texts.txt").write_text("the cat sat on the mat\na dog ate it\n" * 9)
    return tmp_path


def pretrained(*words):
    """Returns the exit code of the command."""
    options = ["--quiet", "--no-evaluate", "--out", "run", "--strategy", "one"]
    try:
        with in_time():
            return cli.main(["pretrain", *words, *options])
    except SystemExit as left:
        return left.code


def told(message, capsys, *words):
    """Checks that the command is refused in one line, before anything is trained."""
    code = pretrained(*words)
    said = capsys.readouterr().err
    assert code == cli.USAGE, (code, said)
    assert len(said.splitlines()) == 1 and len(said) < 1000, said
    assert re.search(message, said), said


# What is set, and what the line must name.
SET_IN_IMAGES = [
    # --- the data
    ("data.class=kerassl.data.digit", "data"),
    ("data.class=os.system", "os.system"),
    ("data.class=kerassl.models.SimCLR", "SimCLR"),
    ("data.class=5", "data|class"),
    ("data.class=", "data|class"),
    ("data=5", "expected an argument after the section"),
    ("data.split=valid", "split"),
    ("data.nothing=1", "nothing"),
    # --- the encoder
    ("encoder.class=kerassl.encoders.resnt", "resnt"),
    ("encoder.class=kerassl.pretext.TwoViews", "TwoViews"),
    ("encoder.class=null", "encoder|class"),
    ("encoder.strides=1", "strides"),
    ("encoder.strides=[]", "strides"),
    ("encoder.strides=[0]", "strides"),
    ('encoder.strides=["a"]', "strides"),
    ("encoder.strides=[1,1]", "strides|widths"),
    ("encoder.widths=[0]", "widths"),
    ("encoder.widths=[-4]", "widths"),
    ("encoder.widths=[4.5]", "widths"),
    ("encoder.widths=[99999999999]", "widths"),
    ("encoder.widths={}", "widths"),
    ("encoder.input_shape=8", "input_shape"),
    ("encoder.input_shape=[8,8]", "input_shape"),
    ("encoder.input_shape=[8,8,0]", "input_shape"),
    ('encoder.input_shape="8x8"', "input_shape"),
    ("encoder.input_shape=[16,16,1]", "takes examples of shape|encoder"),
    ("encoder.width=4", "Did you mean 'widths'"),
    ("encoder.name=5", "name"),
    ("encoder.dtype=float99", "dtype|float99"),
    ("encoder.dtype=5", "dtype"),
    ("encoder.preset=nosuchpreset", "preset"),
    # --- the pretext layer
    ("pretext.size=9999999", "size"),
    ("pretext.size=0", "size"),
    ("pretext.size=-8", "size"),
    ("pretext.size=8.0", "size"),
    ("pretext.size=big", "size"),
    ("pretext.size=null", "size"),
    ("pretext.size=[8,8]", "size"),
    ("pretext.size=true", "size"),
    ("pretext.blur_rate=2", "blur_rate"),
    ("pretext.blur_rate=-1", "blur_rate"),
    ("pretext.blur_rate=NaN", "blur_rate|finite"),
    ("pretext.blur_rate=some", "blur_rate"),
    ("pretext.crop_scale=0.5", "crop_scale"),
    ("pretext.crop_scale=[1,0.1]", "crop_scale"),
    ("pretext.crop_scale=[0,2]", "crop_scale"),
    ("pretext.crop_scale=[]", "crop_scale"),
    ("pretext.flip_rate=5", "flip_rate|flip"),
    ("pretext.class=kerassl.pretext.MaskedTokens", "pretext|tokenizer|argument"),
    ("pretext.class=kerassl.models.SimCLR", "SimCLR"),
    ("pretext.sise=8", "Did you mean 'size'"),
    # --- the model
    ("model.temperature=abc", "temperature"),
    ("model.temperature=0", "temperature"),
    ("model.temperature=-1", "temperature"),
    ("model.temperature=NaN", "temperature|finite"),
    ("model.temperature=Infinity", "temperature|finite"),
    ("model.temperature=1e999", "temperature|finite"),
    ("model.temperature=null", "temperature"),
    ("model.temperature=[0.1]", "temperature"),
    ("model.temperature=true", "temperature"),
    ('model.temperature={"class":"kerassl.data.digits"}', "temperature|digits"),
    ("model.projection_dim=0", "projection_dim"),
    ("model.projection_dim=4.5", "projection_dim"),
    ("model.projection_dim=many", "projection_dim"),
    ("model.projection_dim=99999999999999", "projection_dim"),
    ("model.class=kerassl.models.SimCLRR", "SimCLR"),
    ("model.class=kerassl.models.MaskedLM", "argument|projection_dim"),
    ("model.class=keras.Sequential", "Sequential"),
    ("model.encoder=5", "encoder"),
    ("model.temprature=1", "Did you mean 'temperature'"),
    # --- the recipe
    ("recipe=5", "expected an argument after the section"),
    ("recipe.optimizer=5", "recipe.optimizer"),
    ("recipe.optimizer=adam", "recipe.optimizer"),
    ("recipe.optimizer=[]", "recipe.optimizer"),
    ("recipe.optimizer={}", "recipe.optimizer"),
    ("recipe.optimizer.class=keras.optimizers.Adamm", "Adam"),
    ("recipe.optimizer.class=keras.layers.Dense", "Dense"),
    ("recipe.optimizer.learning_rate=-1", "learning_rate"),
    ("recipe.optimizer.weight_decay=lots", "weight_decay"),
    ("recipe.optimizer.weight_decay=-1", "weight_decay"),
    ("recipe.optimizer.clipnorm=-1", "clipnorm"),
    ("recipe.optimizer.beta_1=2", "beta_1"),
    ("recipe.optimizer.beta_1=x", "beta_1"),
    ("recipe.optimizer.nothing=2", "nothing"),
    ("recipe.learning_rate=0", "learning_rate"),
    ("recipe.learning_rate=-0.1", "learning_rate"),
    ("recipe.learning_rate=fast", "learning_rate"),
    ("recipe.learning_rate=NaN", "learning_rate|finite"),
    ("recipe.learning_rate=1e400", "learning_rate|finite"),
    ("recipe.learning_rate=1e300", "learning_rate"),
    ("recipe.learning_rate=null", "learning_rate"),
    ("recipe.warmup=1", "warmup"),
    ("recipe.warmup=-0.1", "warmup"),
    ("recipe.warmup=long", "warmup"),
    ("recipe.warmup_steps=-1", "warmup_steps"),
    ("recipe.warmup_steps=1.5", "warmup_steps"),
    ("recipe.warmup_steps=2", "warm"),
    ("recipe.warmup_steps=975", "warm"),
    ("recipe.batch_size=0", "batch_size"),
    ("recipe.batch_size=1", "batch_size"),
    ("recipe.batch_size=-8", "batch_size"),
    ("recipe.batch_size=8.0", "batch_size"),
    ("recipe.batch_size=1000000", "batch_size"),
    ("recipe.steps=0", "steps"),
    ("recipe.steps=-1", "steps"),
    ("recipe.steps=1e6", "steps"),
    ("recipe.steps=many", "steps"),
    ("recipe.steps=99999999999999999999", "steps"),
    ("recipe.rate_scaling=cubic", "rate_scaling"),
    ("recipe.rate_scaling=[]", "rate_scaling"),
    ("recipe.epochs=3", "epochs"),
    # --- the comparison
    ("transfer.draws=0", "draws"),
    ("transfer.draws=1.5", "draws"),
    ("transfer.draws=many", "draws"),
    ("transfer.methods=knn", "methods"),
    ('transfer.methods=["kn"]', "methods"),
    ("transfer.methods=5", "methods"),
    ("transfer.methods=[]", "methods"),
    ("transfer.labels_per_class=5", "labels_per_class"),
    ("transfer.labels_per_class=[]", "labels_per_class"),
    ("transfer.labels_per_class=[0]", "labels_per_class"),
    ("transfer.labels_per_class=[0.5]", "labels_per_class"),
    ('transfer.controls=["none"]', "controls"),
    ("transfer.pooling=best", "pooling"),
    ("transfer.knn_options=5", "knn_options"),
    ('transfer.knn_options={"k":0}', "k`"),
    ('transfer.knn_options={"kk":1}', "kk"),
    ('transfer.fine_tune_options={"steps":-1}', "steps"),
    ("transfer.encoder=5", "encoder"),
    ("transfer.nothing=5", "nothing"),
    # --- the key
    ("model", "KEY=VALUE"),
    ("=5", "KEY=VALUE"),
    ("", "KEY=VALUE"),
    ("model=5", "expected an argument after the section"),
    ("model.=5", "model"),
    (".temperature=5", "section"),
    ("model..temperature=5", "model"),
    ("model.temperature.x=5", "model"),
    ("name=../out", "section"),
    ("tokenizer.kind=bpe", "must be a Source of texts"),
    ("modality=text", "section"),
    ("Model.temperature=1", "Did you mean 'model'"),
    ("model.temperature=" + "[" * 99_999, "nested too deeply"),
    ("model.temperature=" + "[" * 50 + "]" * 50, "deep|temperature"),
]
SET_IN_TEXTS = [
    ("tokenizer.kind=bert", "kind"),
    ("tokenizer.kind=5", "kind"),
    ("tokenizer.vocabulary_size=0", "vocabulary_size"),
    ("tokenizer.vocabulary_size=8", "vocabulary_size"),
    ("tokenizer.vocabulary_size=200.0", "vocabulary_size"),
    ("tokenizer.vocabulary_size=9999999999", "vocabulary_size"),
    ("tokenizer.lowercase=yes", "lowercase"),
    ("tokenizer.min_count=0", "min_count"),
    ("tokenizer.character_coverage=2", "character_coverage"),
    ("tokenizer.algorithm=x", "algorithm"),
    ("tokenizer.out=here", "out"),
    ("tokenizer.class=kerassl.data.digits", "digits"),
    ("pretext.mask_rate=0", "mask_rate"),
    ("pretext.mask_rate=1.5", "mask_rate"),
    ("pretext.mask_rate=abc", "mask_rate"),
    ("pretext.sequence_length=0", "sequence_length"),
    ("pretext.sequence_length=2", "sequence_length"),
    ("pretext.sequence_length=64", "sequence_length"),
    ("pretext.sequence_length=9999999999", "sequence_length"),
    ("pretext.sequence_length=x", "sequence_length"),
    ("encoder.num_layers=x", "BertBackbone"),
    ("encoder.hidden_dim=0", "must be a positive integer"),
    ("encoder.dropout=2", "dropout|rate"),
    ("encoder.max_sequence_length=4", "max_sequence_length"),
    ("data.unit=word", "unit"),
    ("data.field=5", "field"),
    ("data.min_length=-1", "min_length"),
    ("data.min_length=1000", "were left out"),
    ("data.size=5", "size"),
    ("recipe.batch_size=100", "batch_size"),
]


@pytest.mark.parametrize(("change", "message"), SET_IN_IMAGES)
def test_a_value_that_is_set(change, message, capsys, here):
    told(message, capsys, "tiny.json", "--set", change)
    assert not (here / "run" / "checkpoints").exists()


@pytest.mark.parametrize(("change", "message"), SET_IN_TEXTS)
def test_a_value_that_is_set_for_texts(change, message, capsys, here):
    words = ["words.json", "--data", "texts.txt", "--set", change]
    told(message, capsys, *words)
    assert not (here / "run" / "checkpoints").exists()


# ------------------------------------------------------------------- the file

BYTES = [
    (b"", "not JSON|JSON"),
    (b"{", "JSON"),
    (b"[]", "JSON object"),
    (b"null", "JSON object"),
    (b"5", "JSON object"),
    (b'"simclr"', "JSON object"),
    (b"\xff\xfe\xfd", "UTF-8|JSON"),
    (b"\x89PNG", "UTF-8|JSON"),
    (b"{}", "section 'name' is missing"),
    (b"[" * 99_999, "nested too deeply"),
    (b'{"name": "a", "name": "b"}', "missing|twice"),
    (b" " * (1 << 23), "large|bytes"),
]


@pytest.mark.parametrize(("content", "message"), BYTES, ids=short)
@pytest.mark.parametrize("command", ["pretrain", "preview", "show"])
def test_a_file_that_is_no_preset(command, content, message, here, capsys):
    (here / "own.json").write_bytes(content)
    assert cli.main([command, "own.json"]) == cli.USAGE
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1 and re.search(message, said), said


SECTIONS = ("data", "encoder", "pretext", "model", "recipe", "transfer")


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("value", [None, 5, "x", [], [{}], True, 0.5], ids=short)
def test_a_section_of_another_type(section, value, here, capsys):
    spec = {**copy.deepcopy(SIMCLR), section: value}
    (here / "own.json").write_text(json.dumps(spec))
    told(f"'{section}'.*expected an object", capsys, "own.json")


@pytest.mark.parametrize("section", [*SECTIONS[:5], "name", "summary", "modality"])
def test_a_section_that_is_missing(section, here, capsys):
    spec = {key: value for key, value in SIMCLR.items() if key != section}
    (here / "own.json").write_text(json.dumps(spec))
    told(f"'{section}' is missing", capsys, "own.json")


CHANGES = [
    ({"modality": "sound"}, "modality"),
    ({"modality": "text"}, "text|Expected"),
    ({"modality": 5}, "modality"),
    ({"name": "../out"}, "name"),
    ({"name": 5}, "name"),
    ({"name": ""}, "name"),
    ({"extra": {}}, "extra"),
    ({"modle": {}}, "Did you mean 'model'"),
    ({"tokenizer": {"kind": "bpe"}}, "tokenizer|texts"),
    ({"encoder": {}}, "needs a 'class'"),
    ({"encoder": {"class": 5}}, "needs a 'class'"),
    ({"encoder": {"class": "kerassl.encoders.resnet"}}, "input_shape|argument"),
    ({"model": {"class": "kerassl.models.Autoencoder", "criterion": "x"}}, "criterion"),
    ({"recipe": {}}, "steps"),
    ({"recipe": {"steps": 1}}, "batch_size"),
    ({"recipe": {**SIMCLR["recipe"], "warmup": 0.1, "warmup_steps": 1}}, "exclude"),
]


@pytest.mark.parametrize(("change", "message"), CHANGES, ids=short)
def test_a_preset_with_something_else(change, message, here, capsys):
    (here / "own.json").write_text(json.dumps({**SIMCLR, **change}))
    told(message, capsys, "own.json")


NAMES = [
    ("", "preset"),
    (" ", "preset"),
    ("simclr_digit", "Did you mean 'simclr_digits'"),
    ("SIMCLR_DIGITS", "Did you mean 'simclr_digits'"),
    ("nowhere.json", "does not exist"),
    (".", "unknown preset"),
    ("..", "unknown preset"),
    ("../zoo/simclr_digits", "unknown preset"),
    ("~nosuchuser/a.json", "user who is not known"),
    ("a\0b", "preset"),
    ("x" * 5000, "preset"),
    ("folder.json", "does not exist|folder"),
]


@pytest.mark.parametrize(("name", "message"), NAMES, ids=short)
@pytest.mark.parametrize("command", ["pretrain", "preview", "show"])
def test_a_name_of_no_preset(command, name, message, here, capsys):
    (here / "folder.json").mkdir()
    assert cli.main([command, name]) == cli.USAGE
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1 and re.search(message, said), said


def test_what_is_right_is_trained(here, capsys):
    """So that a line above is refused for what it names, not for all else."""
    dense = {"class": "kerassl.encoders.dense", "input_shape": [8, 8, 1]}
    spec = {
        **SIMCLR,
        "encoder": {**dense, "hidden_dims": [4]},
        "pretext": {"class": "kerassl.pretext.Reconstruct"},
        "model": {"class": "kerassl.models.Autoencoder"},
    }
    (here / "own.json").write_text(json.dumps(spec))
    change = ["--set", "recipe.optimizer.beta_1=0.8", "--set", "transfer.draws=2"]
    assert pretrained("own.json", *change) == cli.DONE, capsys.readouterr().err
    config = json.loads((here / "run" / "run.json").read_text())
    assert config["recipe"]["optimizer"]["beta_1"] == 0.8
    assert config["transfer"]["draws"] == 2


def test_what_is_right_is_previewed(here, capsys):
    words = ["words.json", "--data", "texts.txt", "--out", "a.png"]
    assert cli.main(["preview", *words]) == cli.DONE, capsys.readouterr().err
    assert zoo.config("words.json") == BERT
