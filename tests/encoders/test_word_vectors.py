import keras
import numpy as np
import pytest

from kerassl.encoders import feature_model, word_vectors


def test_it_looks_up_a_vector_a_word_and_zeros_at_padding(tmp_path):
    encoder = word_vectors(6, dim=3)
    table = encoder.get_layer("token_embedding").get_weights()[0]
    x = {
        "token_ids": np.array([[5, 2, 0]]),
        "padding_mask": np.array([[1, 1, 0]]),
    }
    expected = np.array([[table[5], table[2], np.zeros(3)]])
    np.testing.assert_array_equal(encoder.predict(x, verbose=0), expected)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), expected)
    # The mean is that of the words.
    features = feature_model(encoder).predict(x, verbose=0)
    np.testing.assert_allclose(features[0], (table[5] + table[2]) / 2, rtol=1e-6)


def test_sizes_are_checked():
    with pytest.raises(ValueError, match="vocabulary_size"):
        word_vectors(0)
