import keras
import numpy as np
import pytest

from kerassl.encoders import feature_model, spelled_words
from kerassl.tokenizers import train_tokenizer

TEXTS = ["the sailor sails the boats", "the boat sailed , a baker bakes"] * 3


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, "word", min_count=1)


def table_of(encoder):
    return encoder.get_layer("token_embedding").get_weights()[0]


def test_words_spelt_alike_are_near_and_rare_ones_long(tokenizer):
    table = table_of(spelled_words(tokenizer, dim=2000))
    vector = {word: table[tokenizer.token_to_id(word)] for word in ("the", "sailor")}
    unit = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)

    def cosine(a, b):
        return unit[tokenizer.token_to_id(a)] @ unit[tokenizer.token_to_id(b)]

    assert cosine("boat", "boats") > 0.3 and cosine("sails", "sailed") > 0.3
    assert abs(cosine("boat", "baker")) < 0.15
    lengths = {word: np.linalg.norm(v) for word, v in vector.items()}
    assert lengths["sailor"] == pytest.approx(1, abs=1e-5)
    share = 9 / sum(count for count in tokenizer.counts[5:])  # of "the"
    rare = 3 * share / 9
    expected = np.log1p(1 / (20 * share)) / np.log1p(1 / (20 * rare))
    assert lengths["the"] == pytest.approx(expected, rel=1e-4)
    assert not table[:5].any()  # special tokens


def test_it_is_a_plain_model_with_a_seed(tokenizer, tmp_path):
    encoder = spelled_words(tokenizer, dim=8, word_dropout=0.2, seed=3)
    np.testing.assert_array_equal(
        table_of(encoder), table_of(spelled_words(tokenizer, dim=8, seed=3))
    )
    assert (table_of(spelled_words(tokenizer, dim=8)) != table_of(encoder)).any()
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(table_of(loaded), table_of(encoder))
    assert feature_model(loaded).output_shape == (None, 8)


def test_what_is_wrong_is_told(tokenizer):
    with pytest.raises(ValueError, match="`tokenizer` must have `counts`"):
        spelled_words(train_tokenizer(TEXTS, vocabulary_size=40))
    with pytest.raises(ValueError, match="dim"):
        spelled_words(tokenizer, dim=0)
    with pytest.raises(ValueError, match="seed"):
        spelled_words(tokenizer, seed=-1)
