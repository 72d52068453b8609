import keras
import numpy as np
import pytest
from keras import ops

from kerassl.encoders.pooling import feature_model, pool

TOKENS = np.array([[[1.0, 2.0], [3.0, 4.0], [50.0, 60.0]]], "float32")


def test_padding_has_no_part_in_the_mean():
    np.testing.assert_allclose(pool(TOKENS, np.array([[1, 1, 0]])), [[2.0, 3.0]])
    np.testing.assert_allclose(pool(TOKENS), [[18.0, 22.0]])
    np.testing.assert_array_equal(pool(TOKENS, np.array([[0, 0, 0]])), [[0.0, 0.0]])


def test_every_kind_of_output():
    np.testing.assert_array_equal(pool(TOKENS, pooling="cls"), [[1.0, 2.0]])
    sequence = {"sequence_output": TOKENS, "pooled_output": TOKENS[:, 0]}
    np.testing.assert_array_equal(pool(sequence), pool(TOKENS))
    np.testing.assert_array_equal(pool(TOKENS[0], pooling="mean"), TOKENS[0])
    np.testing.assert_allclose(pool(TOKENS[None]), [[18.0, 22.0]])


def test_many_tokens_in_float16_do_not_overflow():
    tokens = ops.full((1, 1000, 2), 100.0, dtype="float16")
    vector = pool(tokens, np.ones((1, 1000), "int32"))
    assert vector.dtype == "float16"
    np.testing.assert_array_equal(vector, [[100.0, 100.0]])


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="`pooling` must be one of .*'max'"):
        pool(TOKENS, pooling="max")
    with pytest.raises(ValueError, match=r"'sequence_output'. Received keys: \['a'\]"):
        pool({"a": TOKENS})
    with pytest.raises(ValueError, match=r"rank 2, 3 or 4.*\(2,\)"):
        pool(TOKENS[0, 0])


def test_features_are_float32_and_share_the_encoders_weights():
    dense = keras.layers.Dense(3, dtype="mixed_float16")
    encoder = keras.Sequential([keras.Input((4,)), dense])
    model = feature_model(encoder)
    assert model.output.dtype == "float32"
    encoder.set_weights([np.ones((4, 3)), np.zeros(3)])
    np.testing.assert_array_equal(
        model.predict(np.ones((1, 4)), verbose=0), [[4.0] * 3]
    )


def test_features_need_known_inputs():
    with pytest.raises(ValueError, match="`encoder` must be a functional"):
        feature_model(keras.Sequential([keras.layers.Dense(3)]))
