"""What TensorBoard shows of a run, read back from its files."""

import collections

import numpy as np
import pytest
from google.protobuf import text_format
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.plugins.projector import ProjectorConfig
from tensorboard.util import tensor_util

import kerassl
from kerassl import data
from kerassl.callbacks import events
from kerassl.pretraining import embedding_board
from kerassl.pretraining.board import SUFFIX, settings, write_board
from kerassl.pretraining.embedding_board import thumbnails


class Killed(Exception):
    pass


def train(path, **options):
    return kerassl.pretrain(
        "autoencoder_dense",
        data.digits("test", size=28),
        out=path,
        steps=8,
        batch_size=16,
        overrides={
            **{"transfer.methods": ["knn"], "transfer.draws": 2},
            **{"transfer.labels_per_class": [5], "transfer.controls": ["input"]},
            "encoder.hidden_dims": [8],
        },
        progress=False,
        **options,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that was killed after its last checkpoint but one, and resumed."""
    path = tmp_path_factory.mktemp("runs") / "first"
    save, saved = kerassl.callbacks.Checkpoint._save, []

    def killed(self):
        if self.step == 7:
            raise Killed
        if self.step <= 4:
            saved.append(self.step)
            save(self)

    with pytest.MonkeyPatch.context() as patched, pytest.raises(Killed):
        patched.setattr(kerassl.callbacks.Checkpoint, "_save", killed)
        train(path, checkpoint_seconds=0)
    assert saved == [1, 2, 3, 4]
    before = steps(path)["loss"]
    assert before == [1, 2, 3, 4, 5, 6, 7] or before == [1, 2, 3, 4, 5, 6]
    return train(path)


def values(path):
    """Yields (tag, step, value) of all event files of a run."""
    for file in sorted((path / "tensorboard").glob("events*")):
        for record in events._records(file):
            event = Event.FromString(record)
            for value in event.summary.value:
                yield value.tag, event.step, value


def steps(path):
    found = collections.defaultdict(list)
    for tag, step, _ in values(path):
        found[tag].append(step)
    return found


def value_of(run, wanted):
    return next(value for tag, _, value in values(run.path) if tag == wanted)


def test_a_resumed_run_has_each_step_once(run):
    found = steps(run.path)
    assert found["loss"] == found["embedding_std"] == list(range(1, 9))
    assert found["pictures/outputs"] == [0, 2, 4, 6, 8]


def test_its_pictures_are_there_and_say_what_they_show(run):
    found = steps(run.path)
    for name in ("views", "loss", "few_labels", "embedding"):
        assert found[f"pictures/{name}"] == [8]
    outputs = value_of(run, "pictures/outputs")
    assert outputs.metadata.summary_description.endswith("gives at step 0")
    width, height, png = tensor_util.make_ndarray(outputs.tensor)[:3]
    assert int(width) > 100 and int(height) > 50 and png.startswith(b"\x89PNG")


def test_its_page_and_verdict_are_there(run):
    page = tensor_util.make_ndarray(value_of(run, "report").tensor).item()
    assert page.decode() == (run.path / "report.md").read_text("utf-8")
    told = tensor_util.make_ndarray(
        value_of(run, "verdict/classification_points").tensor
    )
    verdict = run.report["verdict"]["classification"]
    assert told == pytest.approx(verdict["difference"], rel=1e-5)


def test_its_settings_stand_in_a_table_of_runs(run):
    value = value_of(run, "_hparams_/session_start_info")
    content = HParamsPluginData.FromString(value.metadata.plugin_data.content)
    told = content.session_start_info.hparams
    assert told["recipe.batch_size"].number_value == 16
    assert told["model.criterion"].string_value == "binary_crossentropy"


def test_a_new_report_replaces_the_old(run):
    before = steps(run.path)
    write_board(run)
    assert steps(run.path) == before
    assert len(list((run.path / "tensorboard").glob(f"*{SUFFIX}"))) == 1


def test_the_projector_has_features_labels_and_thumbnails(run):
    folder = run.path / "tensorboard"
    config = text_format.Parse(
        (folder / "projector_config.pbtxt").read_text(), ProjectorConfig()
    )
    (embedding,) = config.embeddings
    features = np.loadtxt(folder / embedding.tensor_path, delimiter="\t")
    lines = (folder / embedding.metadata_path).read_text("utf-8").splitlines()
    assert features.shape == (len(lines) - 1, 8)
    assert lines[0] == "label\texample" and lines[1].count("\t") == 1
    columns = int(np.ceil(np.sqrt(len(features))))
    with Image.open(folder / embedding.sprite.image_path) as sheet:
        assert sheet.size == (columns * 32, columns * 32)


def test_thumbnails_stand_in_the_order_of_the_examples(monkeypatch):
    monkeypatch.setattr(embedding_board, "AT_ONCE", 2)
    images = np.zeros((5, 4, 4, 1)) + np.arange(5).reshape(5, 1, 1, 1) / 4
    sheet = thumbnails(data.ArraySource(images.astype("float32")))
    side = embedding_board.SIDE
    assert sheet.shape == (3 * side, 3 * side, 3)
    assert list(sheet[0, ::side, 0]) == [0, 64, 128]
    assert list(sheet[side, ::side, 0]) == [191, 255, 255]


def test_texts_are_their_own_names_in_one_line_each():
    texts = ["one\ttext\nof two lines", "a" * 200, "猫"]
    source = data.ArraySource(texts)
    said = embedding_board._metadata(source, np.arange(3)).split("\n")
    assert said[0] == "one text of two lines" and said[2] == "猫"
    assert len(said[1]) == embedding_board.LETTERS and said[3] == ""
    assert thumbnails(source) is None


def test_settings_are_plain_values_and_not_too_many():
    plan = {"name": "x", "data_used": {"a": 1}, "recipe": {"steps": 2}}
    plan["model"] = {"layers": [1, 2], "parts": [{}], "flag": True, "none": None}
    wanted = {"name": "x", "recipe.steps": 2}
    assert settings(plan) == wanted | {"model.layers": "[1, 2]", "model.flag": True}
    plan["model"] = {f"option_{i}": i for i in range(500)}
    assert len(settings(plan)) == 100


def test_an_event_file_cut_short_by_a_kill_is_mended(tmp_path):
    import tensorflow as tf

    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        for step in range(1, 5):
            tf.summary.scalar("loss", 1.0, step=step)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-7])
    events.drop_events(tmp_path, after=2)
    kept = [events._step(record) for record in events._records(path)]
    assert kept == [0, 1, 2]
    before = path.read_bytes()
    events.drop_events(tmp_path, after=2)
    assert path.read_bytes() == before
