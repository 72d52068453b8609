"""Whether XLA pays."""

import keras
import keras_hub
import pytest
import tensorflow as tf
from toy import Corrupt, Restore, encoder

from kerassl import distribute, encoders


@pytest.fixture(autouse=True)
def rule(without_xla, monkeypatch):
    monkeypatch.setattr(distribute, "use_xla", without_xla)


def test_xla_is_chosen_by_what_was_measured():
    gpu = bool(tf.config.list_physical_devices("GPU"))
    assert distribute.use_xla(transformer())
    assert distribute.use_xla(Restore(encoder(), Corrupt())) == gpu
    assert distribute.use_xla(encoders.resnet((8, 8, 1), (1,), (4,))) == gpu


@pytest.mark.parametrize(
    "backbone",
    [keras_hub.models.GPT2Backbone, encoders.t5],
    ids=["GPT2Backbone", "t5"],
)
def test_transformers_are_known_by_their_layers(backbone):
    sizes = {"num_layers": 1, "num_heads": 1, "hidden_dim": 4, "intermediate_dim": 4}
    assert distribute.use_xla(backbone(9, **sizes))


def test_layers_that_refuse_it_go_without():
    model = transformer()
    model.layers[-1].supports_jit = False  # as recurrent ones are on a GPU
    assert not distribute.use_xla(model)


def test_strategies_go_without_xla(two_replicas):
    with two_replicas.scope():
        assert not distribute.use_xla(transformer())


def transformer():
    x = keras.Input((3, 4))
    return keras.Model(x, keras.layers.MultiHeadAttention(1, 2)(x, x))
