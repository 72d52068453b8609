import keras
import numpy as np
import pytest

from kerassl.encoders import feature_model, weighted_words, word_vectors


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
    with pytest.raises(ValueError, match="word_dropout"):
        word_vectors(5, word_dropout=1.0)


def test_dropout_leaves_out_whole_words(tmp_path):
    encoder = word_vectors(40, dim=3, word_dropout=0.5)
    x = {"token_ids": np.arange(40)[None], "padding_mask": np.ones((1, 40), int)}
    table = encoder.get_layer("token_embedding").get_weights()[0]
    np.testing.assert_array_equal(encoder.predict(x, verbose=0)[0], table)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    ratio = np.asarray(loaded(x, training=True))[0] / table
    np.testing.assert_allclose(ratio, ratio[:, :1].repeat(3, 1), rtol=1e-5)
    left_out = (ratio[:, 0] == 0).mean()
    assert 0.2 < left_out < 0.8
    np.testing.assert_allclose(ratio[ratio > 0], 2, rtol=1e-5)


def test_weighted_words_mean_is_that_of_the_paper():
    encoder = word_vectors(5, dim=3, word_dropout=0.1)
    counts = [0, 60, 30, 10, 0]
    model = feature_model(weighted_words(encoder, counts, smoothing=0.1), "mean")
    x = {
        "token_ids": np.array([[1, 3, 2, 0]]),
        "padding_mask": np.array([[1, 1, 1, 0]]),
    }
    table = encoder.get_layer("token_embedding").get_weights()[0]
    weights = {word: 0.1 / (0.1 + counts[word] / 100) for word in (1, 2, 3)}
    expected = sum(weights[word] * table[word] for word in weights) / 3
    np.testing.assert_allclose(model.predict(x, verbose=0)[0], expected, rtol=1e-5)


def test_weighted_words_says_what_is_wrong():
    encoder = word_vectors(5, dim=3)
    with pytest.raises(ValueError, match="`counts` must be 5 numbers"):
        weighted_words(encoder, [1, 2])
    with pytest.raises(ValueError, match="`counts` must be 5 numbers"):
        weighted_words(encoder, [0] * 5)
    with pytest.raises(ValueError, match="smoothing"):
        weighted_words(encoder, [1] * 5, smoothing=0)
    dense = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    with pytest.raises(ValueError, match="one table of vectors"):
        weighted_words(dense, [1] * 5)
