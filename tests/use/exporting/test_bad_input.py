"""What is refused, in one line and before anything is written."""

import builtins
import shutil
import types

import pytest

import kerassl
from kerassl import distribute
from kerassl.cli import main
from kerassl.use.exporting import upload


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"format": "onx"}, "`format` must be one of savedmodel.*Did you mean 'onnx'"),
        ({"format": 3}, "`format` must be a string"),
        ({"quantize": "int4"}, "`quantize` must be one of 'int8'"),
        ({"format": "huggingface", "quantize": "int8"}, "transformers reads floats"),
        ({"format": "keras_hub", "quantize": "int8"}, "`quantize` must be None"),
        ({"upload_to": "name"}, "`upload_to` must be OWNER/NAME"),
        ({"upload_to": ["a/b"]}, "`upload_to` must be OWNER/NAME"),
        ({"out": "encoder.onnx"}, "`out` must name a folder"),
        ({"out": ""}, "`out` must name a file or a folder"),
        ({"out": 5}, "`out` must be a string or a path"),
        ({"out": "nowhere/out"}, "is not a folder"),
        ({"run": "no_such_run"}, "There is no run in no_such_run"),
        ({"format": "keras_hub"}, "It has: savedmodel, litert, onnx"),
        ({"format": "huggingface"}, "It has: savedmodel, litert, onnx"),
        ({"quantize": "int8"}, "this encoder has none"),  # of convolutions alone
        ({"data": "nowhere"}, "nowhere"),
    ],
)
def test_one_line_says_what_is_wrong(
    images_run, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    given = {"run": images_run, "out": "out", "progress": False, **arguments}
    with pytest.raises((ValueError, TypeError, OSError), match=message) as caught:
        kerassl.export(**given)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_graphs_are_tensorflows(images_run, tmp_path, monkeypatch):
    monkeypatch.setattr(distribute, "BACKEND", "jax")
    with pytest.raises(ValueError, match="Keras runs on jax here.*It has: none"):
        kerassl.export(images_run, tmp_path / "out", "onnx")


def test_an_unfinished_run(images_run, tmp_path):
    shutil.copytree(images_run.path, tmp_path / "run")
    (tmp_path / "run" / "encoder.keras").unlink()
    with pytest.raises(FileNotFoundError, match="the run has not finished"):
        kerassl.export(tmp_path / "run", tmp_path / "out")


def test_what_is_there_stays(images_run, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(FileExistsError, match="something else than an export"):
            kerassl.export(images_run, out, "onnx", overwrite=overwrite)
    assert (out / "thesis.txt").read_text() == "years of work"


def test_an_export_is_replaced_if_told_so(images_run, tmp_path):
    out = tmp_path / "out"
    options = {"progress": False}
    kerassl.export(images_run, out, "litert", **options)
    with pytest.raises(FileExistsError, match="--overwrite"):
        kerassl.export(images_run, out, "onnx", **options)
    kerassl.export(images_run, out, "onnx", overwrite=True, **options)
    names = {path.name for path in out.iterdir()}
    assert "encoder.onnx" in names and "encoder.tflite" not in names
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_missing_package_is_named(images_run, tmp_path, monkeypatch):
    imported = builtins.__import__

    def absent(name, *args, **kwargs):
        if name.partition(".")[0] == "huggingface_hub":
            raise ImportError(name)
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ImportError, match=r"pip install 'kerassl\[export\]'"):
        kerassl.export(images_run, tmp_path / "out", upload_to="me/encoder")


def test_a_missing_converter_is_named(images_run, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tf2onnx", None)
    with pytest.raises(ImportError, match="'onnx' needs tf2onnx"):
        kerassl.export(images_run, tmp_path / "out", "onnx")


def test_the_command(images_run, tmp_path, capsys):
    out = str(tmp_path / "out")
    words = ["export", str(images_run.path), "--out", out, "--quiet"]
    assert main([*words, "--format", "litert"]) == 0
    assert "litert, 0.0" in capsys.readouterr().out
    assert main([*words, "--format", "onnx"]) == 2
    assert "is there already" in capsys.readouterr().err


class Hub(types.SimpleNamespace):
    """Stands for huggingface_hub, which needs a network."""

    def __init__(self, fails=None):
        import huggingface_hub

        self.calls, self.fails = [], fails
        super().__init__(errors=huggingface_hub.errors)

    def HfApi(self):
        return self

    def create_repo(self, *args, **kwargs):
        self.calls.append(("create_repo", args, kwargs))
        if self.fails:
            raise self.fails

    def upload_folder(self, **kwargs):
        self.calls.append(("upload_folder", (), kwargs))


def test_an_upload_makes_a_private_repository(tmp_path, monkeypatch):
    hub = Hub()
    monkeypatch.setattr(upload, "_hub", lambda: hub)
    assert upload.upload(tmp_path, "me/encoder").endswith("/me/encoder")
    (_, made, options), (_, _, put) = hub.calls
    assert made == ("me/encoder",) and options == {"private": True, "exist_ok": True}
    assert put["folder_path"] == str(tmp_path) and put["repo_id"] == "me/encoder"


def test_a_token_is_never_told(tmp_path, monkeypatch):
    hub = Hub(fails=OSError("401 for Authorization: Bearer hf_secret"))
    monkeypatch.setattr(upload, "_hub", lambda: hub)
    with pytest.raises(ConnectionError, match="hf auth login") as caught:
        upload.upload(tmp_path, "me/encoder")
    assert "hf_secret" not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
