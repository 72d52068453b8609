import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from kerassl import encoders, models, pretext
from kerassl.errors import InvalidValue
from kerassl.optimizers import AdamW


def variables():
    """Returns a kernel, an attention's bias and a scale, all of ones."""
    shapes = {"kernel": (3, 2), "bias": (2, 2), "gamma": (2,)}
    return [
        keras.Variable(np.ones(shape, "float32"), name=name)
        for name, shape in shapes.items()
    ]


def decayed(optimizer, chosen=None):
    """Returns which variables a step without gradient makes smaller."""
    chosen = variables() if chosen is None else chosen
    before = [v.numpy() for v in chosen]
    optimizer.build(chosen)
    gradients = [keras.ops.zeros(v.shape) for v in chosen]
    if keras.backend.backend() == "jax":
        found, _ = optimizer.stateless_apply(
            [v.value for v in optimizer.variables],
            gradients,
            [v.value for v in chosen],
        )
    else:
        optimizer.apply(gradients, chosen)
        found = chosen
    return [
        not np.allclose(np.array(value), old)
        for value, old in zip(found, before, strict=True)
    ]


def test_vectors_are_spared_by_default_and_the_kernel_decays_as_in_keras():
    chosen = variables()
    assert decayed(AdamW(0.5, weight_decay=0.1), chosen) == [True, False, False]
    if keras.backend.backend() != "jax":
        np.testing.assert_allclose(chosen[0].numpy(), 1 - 0.5 * 0.1, rtol=1e-6)


def test_nothing_spared_is_the_optimizer_of_keras():
    assert decayed(AdamW(0.5, 0.1, exclude_from_decay=[])) == [True, True, True]


def test_words_are_parts_of_paths():
    found = decayed(AdamW(0.5, 0.1, exclude_from_decay=["kern", "gam"]))
    assert found == [False, True, False]


def test_what_the_user_excludes_is_spared_as_well():
    optimizer = AdamW(0.5, 0.1)
    optimizer.exclude_from_weight_decay(var_names=["kernel"])
    assert decayed(optimizer) == [False, False, False]


def test_a_backbone():
    encoder = keras_hub.models.BertBackbone(30, 1, 2, 8, 16)
    optimizer = AdamW(0.5, 0.1, exclude_from_decay=["vectors", "embedding"])
    optimizer.build(encoder.trainable_variables)
    used = {
        v.path.split("/", 1)[-1]
        for v in encoder.trainable_variables
        if optimizer._use_weight_decay(v)
    }
    assert used and all(path.endswith("kernel") for path in used)
    assert len(used) == 7  # six of the block, one of the pooler


def test_a_word_that_is_in_no_path_is_told():
    with pytest.raises(InvalidValue, match="'layernorm', which is in none"):
        AdamW(exclude_from_decay=["layernorm"]).build(variables())


@pytest.mark.parametrize("wrong", ["vectors", [""], [1], {"vectors": True}])
def test_the_words_are_checked(wrong):
    with pytest.raises(InvalidValue, match="`exclude_from_decay` must be a list"):
        AdamW(exclude_from_decay=wrong)


def test_it_goes_on_after_saving_as_before(tmp_path):
    def fit(model):
        x = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
        model.fit(x, x[:, :2], batch_size=4, shuffle=False, verbose=0)

    keras.utils.set_random_seed(0)
    layers = [keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)]
    model = keras.Sequential(layers)
    model.compile(AdamW(0.1, 0.5), loss="mse")
    fit(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.exclude_from_decay == ("vectors",)
    for trained in (model, loaded):
        fit(trained)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute")
def test_replicas_spare_the_same(two_replicas):
    x = np.random.default_rng(0).uniform(size=(8, 3)).astype("float32")

    def trained(strategy):
        with strategy.scope():
            keras.utils.set_random_seed(0)
            encoder = encoders.dense((3,), hidden_dims=(2,))
            task = models.Autoencoder(encoder, pretext.Reconstruct())
            task.compile(AdamW(0.1, 0.5))
        task.fit(task.dataset(x, batch_size=4, seed=0), epochs=2, verbose=0)
        return task.get_weights()

    alone, together = trained(tf.distribute.get_strategy()), trained(two_replicas)
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
