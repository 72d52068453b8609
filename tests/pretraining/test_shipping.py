"""Which runs become the trained weights of their preset, and which do not."""

import json
import shutil

import numpy as np
import presets
import pytest
from weights_folder import QUICK

import kerassl
from kerassl import files, zoo
from kerassl.data.licences import OPEN, licence_of
from kerassl.pretraining import shipping
from kerassl.runs import Run
from kerassl.zoo import weights
from kerassl.zoo.half import write_half


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a preset and of its finished, measured run."""
    folder = tmp_path_factory.mktemp("shipping")
    (folder / "tiny.json").write_text(json.dumps(presets.simclr(transfer=QUICK)))
    kerassl.pretrain(folder / "tiny.json", out=folder / "run", progress=False)
    return folder


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made, tmp_path / "copy")


def change(path, **values):
    files.write_json(path, {**json.loads(path.read_text()), **values})


def refused(folder, message):
    with pytest.raises(ValueError, match=message) as caught:
        shipping.ship(folder / "run", folder / "tiny.json")
    assert len(str(caught.value).splitlines()) == 1
    assert not (folder / "tiny").exists()


def test_the_command_writes_and_tells(folder, capsys):
    words = [str(folder / "run"), "--preset", str(folder / "tiny.json")]
    assert shipping.main(words) == 0
    shown = capsys.readouterr().out
    assert str(folder / "tiny") in shown and "SHA-256" in shown
    # Again, in the place of what is there.
    before = (folder / "tiny" / weights.MANIFEST).read_bytes()
    assert shipping.main(words) == 0
    assert (folder / "tiny" / weights.MANIFEST).read_bytes() == before
    assert zoo.load(folder / "tiny.json", "pretrained").encoder.built
    left = {path.name for path in folder.iterdir()}
    assert left == {"tiny.json", "run", "tiny"}


def test_a_run_says_what_its_encoder_takes(folder):
    run = Run(folder / "run")
    assert run.input["tensors"] == {"images": {"dtype": "float32", "shape": [8, 8, 1]}}
    assert (run.input["least"], run.input["most"]) == (0.0, 1.0)
    assert f"The encoder takes {run.input['told']}." in str(run)
    assert run.report["encoder_input"] == run.input
    (folder / "run" / "encoder.json").unlink()  # as of an earlier version
    assert run.input is None


def test_the_command_refuses_in_one_line(folder, capsys):
    assert shipping.main([str(folder / "nowhere")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("shipping: error: ") and len(said.splitlines()) == 1
    assert "is not the folder of a run" in said


@pytest.mark.parametrize(
    ("section", "values", "message"),
    [
        ("model", {"temperature": 0.3}, "model.temperature"),
        ("recipe", {"batch_size": 16, "steps": 2}, "recipe.batch_size was 16, now 8"),
        ("recipe", {"batch_size": 8, "steps": 3}, "recipe.steps was 3, now 2"),
        ("transfer", {**QUICK, "draws": 5}, "transfer.draws was 5, now 2"),
    ],
)
def test_the_preset_must_be_that_of_the_run(folder, section, values, message):
    spec = json.loads((folder / "tiny.json").read_text())
    change(folder / "tiny.json", **{section: {**spec[section], **values}})
    refused(folder, f"not that of preset .* as it is now: {message}")


def test_words_of_a_preset_may_change(folder):
    change(folder / "tiny.json", summary="Another", paper="https://example.org")
    shipping.ship(folder / "run", folder / "tiny.json")
    found = zoo.manifest(folder / "tiny.json")
    assert found["config_hash"] == zoo.config_hash(zoo.config(folder / "tiny.json"))


def test_what_the_data_changed_or_lengthened_is_refused(folder):
    change(folder / "run" / "run.json", fitted={"batch_size": 4})
    refused(folder, r"its data made it \{'batch_size': 4\}")
    change(folder / "run" / "run.json", fitted={}, stages=[])
    refused(folder, "it was lengthened")


def test_a_run_must_be_measured(folder):
    report = json.loads((folder / "run" / "report.json").read_text())
    del report["transfer_seconds"]
    files.write_json(folder / "run" / "report.json", report)
    refused(folder, "was not measured: `kerassl evaluate` does it")


def test_the_licence_must_be_known(folder):
    cifar = {"class": "kerassl.data.keras_dataset", "name": "cifar10"}
    for name in ("tiny.json", "run/run.json"):
        change(folder / name, data=cifar)
    refused(folder, "No licence is known of the run's data")


def test_a_folder_of_something_else_is_left_alone(folder):
    (folder / "tiny").mkdir()
    (folder / "tiny" / "notes").touch()
    with pytest.raises(ValueError, match="holds something else than trained weights"):
        shipping.ship(folder / "run", folder / "tiny.json")
    assert (folder / "tiny" / "notes").exists()


@pytest.mark.parametrize("name", zoo.names())
def test_a_known_licence_is_an_open_one(name):
    section = zoo.config(name)["data"]
    found = licence_of(section)
    if found is None:
        assert section["name"] not in ("fashion_mnist",)
    else:
        assert set(found.licence.split(" AND ")) <= set(OPEN)
        assert found.address.startswith("https://")


def test_numbers_that_half_precision_cannot_hold(tmp_path):
    import h5py

    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["layer/vars/0"] = np.full((2, 2), 1e6, "float32")
    with pytest.raises(ValueError, match=r"layer/vars/0 .* not finite in float16"):
        write_half(tmp_path / "a.h5", tmp_path / "b.h5")


def test_whole_numbers_stay_as_they_are(tmp_path):
    import h5py

    values = {"seed": np.array([[2**62]]), "kernel": np.eye(2, dtype="float32")}
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, value in values.items():
            file[name] = value
    assert write_half(tmp_path / "a.h5", tmp_path / "b.h5") == 5
    with h5py.File(tmp_path / "b.h5") as file:
        for name, value in values.items():
            np.testing.assert_array_equal(file[name][()], value)
        assert file["kernel"].dtype == "float16"
