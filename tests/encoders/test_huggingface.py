"""Encoders from KerasHub presets and Hugging Face folders."""

import csv
import json

import keras_hub
import numpy as np
import pytest

from kerassl import encoders, transfer
from kerassl.data import train_tokenizer

# Mean-pooled MiniLM on the STS benchmark's test set, as PyTorch computes it.
MINILM_SPEARMAN = 0.8203
CONFIG = {
    "model_type": "bert",
    "vocab_size": 30,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "hidden_size": 8,
    "intermediate_size": 16,
    "hidden_dropout_prob": 0.1,
    "max_position_embeddings": 16,
    "type_vocab_size": 2,
}


@pytest.fixture
def folder(tmp_path):
    """A Hugging Face folder without weights and without a vocabulary."""
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    return tmp_path


def sts_test(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [(row[5], row[6]) for row in rows], [float(row[4]) for row in rows]


def test_minilm_scores_what_it_should(kerassl_data):
    encoder, tokenizer = encoders.from_preset(kerassl_data / "weights" / "minilm_l6")
    pairs, scores = sts_test(kerassl_data / "stsb" / "sts-test.csv")
    assert len(pairs) == 1379
    rho = transfer.sentence_similarity(encoder, tokenizer, pairs, scores)
    assert rho == pytest.approx(MINILM_SPEARMAN, abs=0.003)


def test_a_keras_hub_folder(tmp_path):
    tokenizer = train_tokenizer(["the cat sat", "the dog ate"], vocabulary_size=26)
    saved = keras_hub.models.BertBackbone(26, 1, 2, 8, 16, max_sequence_length=16)
    saved.save_to_preset(str(tmp_path))
    tokenizer.save_to_preset(str(tmp_path))
    encoder, loaded = encoders.from_preset(tmp_path)
    for one, other in zip(saved.get_weights(), encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert loaded.get_vocabulary() == tokenizer.get_vocabulary()
    fresh, _ = encoders.from_preset(str(tmp_path), load_weights=False)
    assert not np.array_equal(saved.get_weights()[0], fresh.get_weights()[0])


def test_a_folder_that_lacks_its_parts(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no weights: expected a \*\.safe"):
        encoders.from_preset(folder)
    for name in ("one.safetensors", "two.safetensors"):
        (folder / name).write_bytes(b"")
    with pytest.raises(ValueError, match="2 .* files and none is called model.safe"):
        encoders.from_preset(folder)
    (folder / "config.json").unlink()
    with pytest.raises(FileNotFoundError, match="a directory with a config.json"):
        encoders.from_preset(folder)
    with pytest.raises(FileNotFoundError, match="nowhere', which is not there"):
        encoders.from_preset(tmp_path / "nowhere")


def test_a_broken_or_unknown_configuration(folder):
    (folder / "config.json").write_text(json.dumps({"model_type": "mamba"}))
    with pytest.raises(ValueError, match="'mamba', which KerasHub cannot load.*bert"):
        encoders.from_preset(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(ValueError, match="is not valid JSON"):
        encoders.from_preset(folder)


def test_broken_weights(folder):
    (folder / "model.safetensors").write_bytes(b"these are not tensors")
    with pytest.raises(ValueError, match="weights that do not fit its configuration"):
        encoders.from_preset(folder)


def test_the_architecture_alone(folder):
    encoder, tokenizer = encoders.from_preset(folder, load_weights=False)
    assert (encoder.hidden_dim, encoder.vocabulary_size) == (8, 30)
    assert tokenizer is None


def test_an_unknown_name_suggests_near_ones():
    with pytest.raises(ValueError, match="'bert_tiny_en_uncase'. Did you mean 'bert_"):
        encoders.from_preset("bert_tiny_en_uncase")
