"""Runs to export: tiny ones of texts."""

import json

import pytest

import kerassl
from kerassl import zoo

OPTIONS = {"evaluate": False, "progress": False}


def texts_run(folder, preset, **encoder):
    """Returns a run of a text preset with a small encoder on a few lines."""
    lines = [
        f"{a} {b} {c}, the Cat's naïve"
        for a in ("x", "ya", "zoo")
        for b in "uvw"
        for c in ("rot", "sat", "tea")
    ]
    (folder / "lines.txt").write_text("\n".join(lines))
    spec = zoo.config(preset)
    size = 300 if spec["tokenizer"]["kind"] == "bpe" else 64
    spec["tokenizer"].update(vocabulary_size=size)
    spec["encoder"].update(num_layers=1, num_heads=2, hidden_dim=16, **encoder)
    spec["encoder"].update(vocabulary_size=size)
    spec["recipe"].update(steps=1, batch_size=4)
    spec["pretext"].update(sequence_length=16)
    (folder / "tiny.json").write_text(json.dumps(spec))
    out = folder / "run"
    lines = folder / "lines.txt"
    return kerassl.pretrain(folder / "tiny.json", lines, out=out, **OPTIONS)


@pytest.fixture(scope="session")
def bert_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert")
    sizes = {"intermediate_dim": 32, "max_sequence_length": 32}
    return texts_run(folder, "bert_tiny", **sizes)


@pytest.fixture(scope="session")
def gpt2_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpt2")
    # KerasHub reads a GPT-2 back only if it widens 4 times inside.
    sizes = {"intermediate_dim": 64, "max_sequence_length": 32}
    return texts_run(folder, "gpt2_tiny", **sizes)


@pytest.fixture(scope="session")
def t5_run(tmp_path_factory):
    return texts_run(tmp_path_factory.mktemp("t5"), "t5_tiny", intermediate_dim=32)
