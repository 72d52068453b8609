"""A run on a folder of sounds, from files to the table of a report."""

import keras
import numpy as np
import pytest

import kerassl

soundfile = pytest.importorskip("soundfile")

SMALL = {
    "pretext.sample_rate": 8000,
    "pretext.num_mels": 20,
    "encoder.num_mels": 20,
    "encoder.hidden_dim": 8,
    "encoder.num_layers": 1,
    "data.seconds": 0.3,
    "data.label_pattern": r"([a-z]+)_",
    "transfer.labels_per_class": [None],
    "transfer.draws": 1,
    "transfer.controls": [],
}


@pytest.fixture
def folder(tmp_path):
    random = np.random.default_rng(0)
    for name, frequency in (("low", 300), ("high", 1500)):
        for i in range(12):
            time = np.arange(2400) / 8000
            tone = np.sin(2 * np.pi * frequency * time + i)
            samples = 0.3 * tone + 0.01 * random.standard_normal(2400)
            soundfile.write(tmp_path / f"{name}_{i}.wav", samples, 8000)
    (tmp_path / "broken_0.wav").write_text("no sound")
    return tmp_path


def test_a_folder_becomes_an_encoder_and_a_report(folder, tmp_path):
    run = kerassl.pretrain(
        "apc_small",
        folder,
        out=tmp_path / "run",
        overrides=SMALL,
        steps=3,
        batch_size=8,
        progress=False,
    )
    report = run.report
    assert report["data"]["sample_rate"] == 8000
    assert report["data"]["skipped_by_reason"] == {"could not be decoded": 1}
    # A tone of 300 Hz and one of 1,500 Hz are told by any encoder of log-mels.
    (row,) = report["transfer"]["rows"]
    assert row["method"] == "linear_probe" and row["mean"] == 1.0
    assert (tmp_path / "run" / "views.png").is_file()
    encoder = keras.saving.load_model(tmp_path / "run" / "encoder.keras")
    assert encoder.output_shape == (None, None, 8)


def test_mels_that_do_not_fit_are_told(folder, tmp_path):
    overrides = {**SMALL, "encoder.num_mels": 40}
    with pytest.raises(ValueError, match="`pretext.num_mels` together"):
        kerassl.pretrain("apc_small", folder, out=tmp_path / "x", overrides=overrides)
