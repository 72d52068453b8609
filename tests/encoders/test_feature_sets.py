"""Features of an encoder beside its pooled output, by hand."""

import keras
import keras_hub
import numpy as np
import pytest

from kerassl import encoders
from kerassl.encoders.feature_sets import feature_sets
from kerassl.transfer import encode, linear_probe


def images(count=3, size=8):
    return np.random.default_rng(0).random((count, size, size, 1)).astype("float32")


def resnet(**options):
    keras.utils.set_random_seed(0)
    return encoders.resnet((8, 8, 1), **{"stem": "cifar", **options})


def output_of(encoder, name, x):
    return keras.Model(encoder.input, encoder.get_layer(name).output).predict(
        x, verbose=0
    )


def test_the_map_is_the_mean_of_its_quarters():
    encoder, x = resnet(depths=(1, 1), widths=(4, 8)), images()
    found = encode(encoder, x, features="auto")
    last = output_of(encoder, "stage2_block1_out_relu", x)  # (3, 4, 4, 8)
    wanted = last.reshape(3, 2, 2, 2, 2, 8).mean((2, 4)).reshape(3, 32)
    np.testing.assert_allclose(found["map"], wanted, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["pooled"], last.mean((1, 2)), rtol=1e-4)
    np.testing.assert_array_equal(found["pooled"], encode(encoder, x))


def test_the_last_layers_are_the_stages():
    encoder, x = resnet(depths=(1, 1, 1, 1), widths=(2, 4, 6, 8)), images()
    found = encode(encoder, x, features="auto")
    # The last map is a single position: no map of it, and it is no stage but for
    # the pooled output.
    names = ["stage1_block1_out_relu", "stage2_block1_out_relu"]
    names += ["stage3_block1_out_relu"]
    means = [output_of(encoder, name, x).mean((1, 2)) for name in names]
    np.testing.assert_allclose(
        found["last layers"], np.concatenate(means, axis=1), rtol=1e-4, atol=1e-6
    )
    assert found["map"].shape == (3, 4 * 6)


def test_an_odd_map_shares_its_middle_lines():
    inputs = keras.Input((3, 5, 1))
    encoder = keras.Model(
        inputs, keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(inputs))
    )
    x = np.arange(15, dtype="float32").reshape(1, 3, 5, 1)
    found = encode(encoder, x, features=["map"])["map"][0]
    image = x[0, :, :, 0]
    wanted = [image[a, b].mean() for a in _halves(3) for b in _halves(5)]
    np.testing.assert_allclose(found, wanted)


def _halves(size):
    return [slice(0, size // 2 + 1), slice(size // 2, size)]


def test_a_sequence_leaves_out_padding():
    encoder = keras_hub.models.BertBackbone(30, 2, 2, 8, 16)
    x = {"token_ids": np.array([[3, 4, 5, 0, 0], [6, 7, 8, 9, 2]])}
    x["padding_mask"] = (x["token_ids"] > 0).astype(int)
    x["segment_ids"] = 0 * x["token_ids"]
    found = encode(encoder, x, features="auto")
    last = output_of(encoder, "transformer_layer_1", x)
    before = output_of(encoder, "transformer_layer_0", x)
    weights = x["padding_mask"][..., None] / x["padding_mask"].sum(1)[:, None, None]
    means = [(states * weights).sum(1) for states in (before, last)]
    close = {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(found["last layers"], np.hstack(means), **close)
    first = np.hstack([last[:, 0], means[1]])
    np.testing.assert_allclose(found["first and mean"], first, **close)
    assert set(found) == {"pooled", "first and mean", "last layers"}


def test_the_encoder_of_a_larger_network_has_its_own_layers_only():
    encoder = encoders.t5_encoder(keras_hub.models.T5Backbone(30, 2, 2, 8, 16))
    found = feature_sets(encoder).output
    assert found["last layers"].shape == (None, 16)


def test_what_is_too_wide_is_left_out_of_a_choice():
    inputs = keras.Input((4, 4, 3))
    wide = keras.layers.Conv2D(2000, 1)(inputs)
    encoder = keras.Model(inputs, keras.layers.GlobalMaxPooling2D()(wide))
    assert set(feature_sets(encoder).output) == {"pooled"}
    assert feature_sets(encoder, features=["map"]).output["map"].shape[-1] == 8000


def test_what_an_encoder_lacks_is_told():
    dense = encoders.dense((8, 8, 1), hidden_dims=(4,))
    with pytest.raises(ValueError, match="`features` must be .*'pooled'.*: 'map'"):
        feature_sets(dense, features=["pooled", "map"])


def test_the_probe_takes_the_features_that_validate_best():
    # Where a bright spot is tells the class: the pooled output cannot know.
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    x = rng.random((80, 8, 8, 1)).astype("float32")
    x[y == 0, :4, :4] += 1
    x[y == 1, 4:, 4:] += 1
    inputs = keras.Input((8, 8, 1))
    spots = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(inputs))
    encoder = keras.Model(inputs, spots)
    train, test = (x[:40], y[:40]), (x[40:], y[40:])
    chosen = linear_probe(encoder, train, test, features="auto")
    assert chosen.settings["features"] == "map" and chosen.accuracy == 1
    assert linear_probe(encoder, train, test).accuracy < 0.8
    few = linear_probe(encoder, train, test, None, features="auto")
    assert few.settings["features"] == "pooled"
    # On equal scores the first, as with features that are the same.
    same = {"a": x[:, :, 0, 0], "b": x[:, :, 0, 0]}
    equal = linear_probe(None, (same, y), (same, y))
    assert equal.settings["features"] == "a"
