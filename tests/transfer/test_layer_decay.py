import keras
import keras_hub
import numpy as np
import pytest

from kerassl.transfer.copies import copy_of, random_weights
from kerassl.transfer.fine_tune import FineTuner
from kerassl.transfer.layer_decay import LayerwiseAdam, rate_factors, variable_depths


def bert():
    return keras_hub.models.BertBackbone(
        vocabulary_size=9,
        num_layers=2,
        num_heads=1,
        hidden_dim=4,
        intermediate_dim=8,
        max_sequence_length=6,
    )


def vit():
    return keras_hub.models.ViTBackbone(
        image_shape=(8, 8, 3),
        patch_size=4,
        num_layers=2,
        num_heads=1,
        hidden_dim=4,
        mlp_dim=8,
    )


def residual():
    image = keras.Input((4, 4, 1))
    x = keras.layers.Conv2D(2, 3, padding="same")(image)
    for _ in range(2):
        y = keras.layers.Conv2D(2, 3, padding="same")(x)
        y = keras.layers.BatchNormalization()(y)
        x = keras.layers.Add()([x, keras.layers.Conv2D(2, 3, padding="same")(y)])
    return keras.Model(image, keras.layers.Dense(3)(x))


@pytest.mark.parametrize("encoder", [bert, vit])
def test_each_transformer_block_has_its_depth(encoder):
    encoder = encoder()
    depths = variable_depths(encoder)
    by_path = {
        v.path: d for v, d in zip(encoder.trainable_variables, depths, strict=True)
    }
    blocks = [
        {d for p, d in by_path.items() if part in p}
        for part in (("layer_0", "layer_1"), ("block_1", "block_2"))[
            any("block_1" in path for path in by_path)
        ]
    ]
    assert blocks == [{1}, {2}]
    assert {d for p, d in by_path.items() if "embedding" in p} == {0}
    assert max(depths) == 3


def test_a_residual_sum_ends_a_depth():
    depths = variable_depths(residual())
    assert sorted(set(depths)) == [0, 1, 2]
    assert depths == sorted(depths)


def test_rates_of_applied_updates_follow_the_factors():
    optimizer = LayerwiseAdam(0.1)
    variables = [keras.Variable([1.0]), keras.Variable([1.0])]
    optimizer.build(variables)
    optimizer.rate_factors.assign([0.25, 1.0])
    optimizer.apply([keras.ops.ones((1,)), keras.ops.ones((1,))], variables)
    moved = [1 - float(v[0]) for v in variables]
    assert moved == pytest.approx([0.025, 0.1], rel=1e-4)


def test_tuning_moves_lower_layers_less():
    layers = [keras.layers.Dense(4, use_bias=False) for _ in range(3)]
    encoder = keras.Sequential([keras.Input((4,)), *layers])
    x = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
    tuner = FineTuner(encoder, np.arange(2))
    plan = {"validation": None, "steps": 1, "learning_rate": 0.01}
    tuner.fit((x, np.arange(16) % 2), layer_decay=0.5, **plan)
    # Adam's first step is the learning rate wherever there is a gradient.
    moved = [
        np.abs(new - old).max()
        for old, new in zip(
            encoder.get_weights(), tuner.encoder.get_weights(), strict=True
        )
    ]
    assert moved == pytest.approx([0.00125, 0.0025, 0.005], rel=0.02)


def test_decay_is_checked():
    with pytest.raises(ValueError, match="layer_decay.*1.5"):
        rate_factors([0], 1.5, 1)


def test_the_optimizer_round_trips():
    again = LayerwiseAdam.from_config(LayerwiseAdam(0.5, beta_1=0.8).get_config())
    assert float(again.learning_rate) == 0.5 and again.beta_1 == 0.8


@pytest.mark.parametrize("encoder", [bert, vit, residual])
def test_random_weights_are_new_and_seeded(encoder):
    encoder = encoder()
    first, again, other = (random_weights(encoder, seed) for seed in (1, 1, 2))
    old = encoder.get_weights()
    for a, b, c, w in zip(first, again, other, old, strict=True):
        np.testing.assert_array_equal(a, b)
        if a.ndim > 1 and np.std(a) > 0:
            assert (a != c).all() and (a != w).all()


def test_a_seeded_initializer_and_batch_statistics_are_drawn_anew():
    image = keras.Input((3,))
    kernel = keras.initializers.GlorotUniform(seed=7)
    x = keras.layers.Dense(4, kernel_initializer=kernel)(image)
    encoder = keras.Model(image, keras.layers.BatchNormalization()(x))
    encoder.layers[-1].moving_mean.assign(np.ones(4))
    new = random_weights(encoder, 0)
    assert (new[0] != encoder.get_weights()[0]).all()
    assert (new[4] == 0).all()
    for a, b in zip(copy_of(encoder).get_weights(), encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_pooler_that_no_feature_reads_does_not_shift_the_factors():
    encoder = bert()
    tuner = FineTuner(encoder, np.array([0, 1]))
    rng = np.random.default_rng(0)
    x = {
        "token_ids": rng.integers(0, 9, (8, 6)),
        "padding_mask": np.ones((8, 6), int),
        "segment_ids": np.zeros((8, 6), int),
    }
    tuner.fit((x, np.arange(8) % 2), None, layer_decay=0.5, steps=1)
    trained = tuner.classifier.trainable_variables
    factors = keras.ops.convert_to_numpy(tuner._tuner.optimizer.rate_factors)
    assert len(trained) == len(factors) < len(encoder.trainable_variables) + 2
    by_name = {v.path: f for v, f in zip(trained, factors, strict=True)}
    assert {f for path, f in by_name.items() if "classes" in path} == {1.0}
    assert {f for path, f in by_name.items() if "token_embedding" in path} == {
        min(factors)
    }
