"""Where the models are, and that files which name where they were still load."""

import importlib
import json
import pkgutil
import zipfile

import keras
import keras_hub
import numpy as np
import pytest

from kerassl import allowed, encoders, models


def gpt2():
    return keras_hub.models.GPT2Backbone(9, 1, 1, 4, 8, max_sequence_length=6)


def bert():
    return keras_hub.models.BertBackbone(9, 1, 1, 4, 8, max_sequence_length=6)


def vectors():
    return encoders.word_vectors(9, dim=4)


def t5():
    return encoders.t5(9, num_layers=1, num_heads=1, hidden_dim=4, intermediate_dim=8)


# Classes by the modules that held them in 0.1.0, and an encoder of each.
FORMER = {
    "kerassl.models.predictive.autoencoder.Autoencoder": lambda: encoders.dense(4, [2]),
    "kerassl.models.predictive.causal_lm.CausalLM": gpt2,
    "kerassl.models.predictive.denoising_seq2seq.DenoisingSeq2Seq": t5,
    "kerassl.models.predictive.masked_lm.MaskedLM": bert,
    "kerassl.models.predictive.word2vec.CBOW": vectors,
    "kerassl.models.predictive.word2vec.SkipGram": vectors,
}


def test_every_family_is_gathered():
    found = set()
    for module in pkgutil.walk_packages(models.__path__, f"{models.__name__}."):
        classes = vars(importlib.import_module(module.name)).values()
        found |= {
            cls.__name__
            for cls in classes
            if isinstance(cls, type)
            and issubclass(cls, models.PretextModel)
            # Registered for files, as a base that is no method is not.
            and keras.saving.get_registered_name(cls) != cls.__name__
        }
    assert sorted([*found, "PretextModel"]) == sorted(models.__all__)


@pytest.mark.parametrize("former", FORMER)
def test_a_file_that_names_a_former_module_loads(former, tmp_path):
    module, _, name = former.rpartition(".")
    task = getattr(models, name)(FORMER[former]())
    path = tmp_path / "task.keras"
    task.save(path)
    rename(path, type(task).__module__, module)
    for again in (keras.saving.load_model(path), allowed.load_model(path)):
        assert type(again) is type(task)
        for old, new in zip(task.get_weights(), again.get_weights(), strict=True):
            np.testing.assert_array_equal(new, old)


def rename(path, module, former):
    """Writes a `.keras` file anew, as if its classes were in another module."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = parts["config.json"].decode()
    assert json.dumps(module) in config
    parts["config.json"] = config.replace(json.dumps(module), json.dumps(former))
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
