import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl.pretext.text import MaskedTokens, Tokens
from kerassl.tokenizers import train_tokenizer

TEXTS = ["the cat sat on the mat", "a dog", "", "the dog sat on a cat " * 9]
SEED = tf.constant([3, 4], tf.int64)


@pytest.fixture(scope="module")
def layer():
    return Tokens(train_tokenizer(TEXTS[:2], vocabulary_size=32), sequence_length=12)


def numpy_of(structure):
    return keras.tree.map_structure(lambda tensor: tensor.numpy(), structure)


def test_rows_are_those_of_masked_tokens_before_masking(layer):
    masked = MaskedTokens(layer.tokenizer, sequence_length=12)
    received, expected = (
        numpy_of(each.prepare(tf.constant(TEXTS))) for each in (layer, masked)
    )
    keras.tree.map_structure(np.testing.assert_array_equal, received, expected)
    words = [layer.tokenizer.id_to_token(int(i)) for i in received["token_ids"][0, 1:7]]
    assert words == TEXTS[0].split()


def test_the_seed_changes_nothing(layer):
    first = numpy_of(layer(tf.constant(TEXTS), SEED))
    other = numpy_of(layer(tf.constant(TEXTS), SEED + 1))
    keras.tree.map_structure(np.testing.assert_array_equal, first, other)


def test_eager_equals_dataset_map_with_static_shapes(layer):
    eager = numpy_of(layer(tf.constant(TEXTS), SEED))
    texts = tf.data.Dataset.from_tensor_slices(TEXTS).batch(4, drop_remainder=True)
    dataset = texts.map(lambda t: layer(t, SEED))
    keras.tree.map_structure(
        np.testing.assert_array_equal, eager, numpy_of(next(iter(dataset)))
    )
    (x,) = dataset.element_spec
    assert {(*s.shape.as_list(), s.dtype) for s in x.values()} == {(4, 12, tf.int32)}


def test_config_round_trip(layer):
    # The vocabulary itself travels with a saved model, as MaskedTokens' does.
    again = Tokens.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert again.sequence_length == 12


def test_draw_shows_the_tokens_and_no_legend(layer, tmp_path):
    figure = layer.draw(tf.constant(TEXTS), SEED)
    shown = [text.get_text() for text in figure.texts]
    assert "[CLS]" in shown and "mat" in shown
    assert not [text for text in shown if "mask" in text]
    figure.savefig(tmp_path / "tokens.png")


def test_errors():
    with pytest.raises(ValueError, match="`sequence_length`"):
        Tokens(sequence_length=2)
    with pytest.raises(ValueError, match="train_tokenizer"):
        Tokens()(tf.constant(TEXTS), SEED)
