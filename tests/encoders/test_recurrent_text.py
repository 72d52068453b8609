import keras
import numpy as np
import pytest

from kerassl.encoders import feature_model, recurrent_text, word_vectors
from kerassl.encoders.token_embedding import token_embedding_of


def tokens(rows=3, length=9, seed=0):
    random = np.random.default_rng(seed)
    ids = random.integers(0, 20, (rows, length)).astype("int32")
    return {"token_ids": ids, "padding_mask": np.ones_like(ids)}


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_token_sees_none_after_it(cell):
    encoder, x = recurrent_text(20, 6, 8, cell=cell), tokens()
    changed = {**x, "token_ids": x["token_ids"].copy()}
    changed["token_ids"][:, 5:] = 19 - changed["token_ids"][:, 5:]
    a, b = encoder.predict(x, verbose=0), encoder.predict(changed, verbose=0)
    assert a.shape == (3, 9, 6)
    np.testing.assert_array_equal(a[:, :5], b[:, :5])
    assert (abs(a[:, 5:] - b[:, 5:]).max(axis=(1, 2)) > 1e-5).all()


def test_padding_changes_nothing():
    encoder, x = recurrent_text(20, 6, 8), tokens()
    x["padding_mask"][1, 5:] = 0
    alone = {name: value[1:2, :5] for name, value in x.items()}
    whole, part = encoder.predict(x, verbose=0), encoder.predict(alone, verbose=0)
    np.testing.assert_allclose(whole[1:2, :5], part, atol=1e-6)
    np.testing.assert_array_equal(whole[1, 5:], 0.0)
    pooled = feature_model(encoder).predict(x, verbose=0)
    np.testing.assert_allclose(pooled[1], part[0].mean(axis=0), atol=1e-6)


def test_the_size_of_awd_lstm():
    with keras.StatelessScope(initialize_variables=False):
        layers = recurrent_text(10_000).layers
        counts = [e.count_params() for e in layers if e.count_params()]
    # Inputs, state and bias of four gates each.
    sizes = [(400, 1150), (1150, 1150), (1150, 400)]
    expected = [4 * units * (width + units + 1) for width, units in sizes]
    assert counts == [4_000_000, *expected]


def test_a_saved_one_is_of_stock_parts(tmp_path):
    encoder, x = recurrent_text(20, 6, 8), tokens()
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    kinds = {type(layer).__module__.partition(".")[0] for layer in loaded.layers}
    assert kinds == {"keras"}
    np.testing.assert_array_equal(
        encoder.predict(x, verbose=0), loaded.predict(x, verbose=0)
    )


def test_where_tokens_are_embedded():
    assert token_embedding_of(recurrent_text(20, 6, 8)).output_dim == 6
    assert token_embedding_of(word_vectors(20, 6)).output_dim == 6
    assert token_embedding_of(keras.Sequential([keras.layers.Dense(2)])) is None


@pytest.mark.parametrize(
    "arguments, name",
    [
        ({"vocabulary_size": 0}, "vocabulary_size"),
        ({"embedding_dim": 0}, "embedding_dim"),
        ({"hidden_dim": -1}, "hidden_dim"),
        ({"num_layers": 0}, "num_layers"),
        ({"num_layers": 65}, "num_layers"),
        ({"dropout": 1.0}, "dropout"),
        ({"cell": "rnn"}, "cell"),
        ({"cell": ["gru"]}, "cell"),
    ],
)
def test_wrong_arguments(arguments, name):
    with pytest.raises(ValueError, match=f"`{name}`"):
        recurrent_text(**{"vocabulary_size": 20, **arguments})
