import keras_hub
import pytest
import tensorflow as tf

from kerassl import data
from kerassl.tokenizers import train_tokenizer
from kerassl.tokenizers.word_pieces import WordPieceEncoder, is_word_piece
from kerassl.tokenizers.words import EUROPEAN, split_words

ODD = [
    "",
    " \t\n",
    "naïve café 你好,世界! 🙂🙂",
    "x" * 100,
    "Straße ΣΊΣΥΦΟΣ i̇stanbul ﬁn … ½",
    "a\u200bb\u200dc \x00\x07 e\ufeff",
]


@pytest.fixture(scope="module")
def passages():
    source = data.docs("test")
    return [text.decode() for text in source.fetch(range(400)).numpy()]


@pytest.fixture(scope="module")
def tokenizer(passages):
    return train_tokenizer([*passages, *ODD], vocabulary_size=900)


@pytest.mark.parametrize("lowercase, strip", [(True, True), (True, False), (False, 0)])
def test_the_ids_are_those_of_kerashub(tokenizer, passages, lowercase, strip):
    stock = keras_hub.tokenizers.BertTokenizer(
        tokenizer.get_vocabulary(), lowercase=lowercase, strip_accents=bool(strip)
    )
    texts = tf.constant([*passages, *ODD])
    rows = WordPieceEncoder(stock)(texts).to_list()
    assert rows == tf.function(lambda texts: stock(texts))(texts).to_list()


def test_english_is_as_ever(tokenizer, passages):
    stock = keras_hub.tokenizers.BertTokenizer(
        tokenizer.get_vocabulary(), lowercase=True, strip_accents=True
    )
    texts = tf.constant([*passages, *ODD])
    assert WordPieceEncoder(tokenizer)(texts).to_list() == (
        WordPieceEncoder(stock)(texts).to_list()
    )


def test_the_same_eagerly_and_in_graph_alone_and_in_batches(tokenizer):
    texts = [*ODD, "long" * 30, "Häuser"]
    rows = WordPieceEncoder(tokenizer)(tf.constant(texts)).to_list()
    assert tokenizer(texts) == rows
    assert [tokenizer(text).tolist() for text in texts] == rows
    batches = tf.data.Dataset.from_tensor_slices(texts).batch(3).map(tokenizer)
    assert [row for batch in batches for row in batch.to_list()] == rows
    single = tf.data.Dataset.from_tensor_slices(texts).map(tokenizer)
    assert [row.numpy().tolist() for row in single] == rows


def test_words_are_cut_above_100_bytes_and_not_before_marks():
    texts = tf.constant(["x" * 100, "x" * 101, "\u0e01\u0e34" * 40, "é" * 51])
    words = split_words(texts, False, False).to_list()
    lengths = [[len(word.decode()) for word in row] for row in words]
    assert lengths[:2] == [[100], [20] * 5 + [1]]
    assert max(len(word) for row in words for word in row) <= 100
    assert all(not word.decode()[0] == "\u0e34" for word in words[2])
    assert b"".join(words[2]).decode() == "\u0e01\u0e34" * 40
    # What is short once its accents are gone is not cut.
    assert split_words(texts[3:], True, EUROPEAN).to_list() == [[b"e" * 51]]


def test_a_way_of_its_own_to_tokenise_is_kept():
    class Own(keras_hub.tokenizers.BertTokenizer):
        def tokenize(self, inputs):
            return super().tokenize(inputs)

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]
    assert is_word_piece(keras_hub.tokenizers.BertTokenizer(words))
    assert not is_word_piece(Own(words)) and not is_word_piece(None)
    smuggling = keras_hub.tokenizers.BertTokenizer(
        words, special_tokens_in_strings=True
    )
    assert not is_word_piece(smuggling)


def test_kerashub_stores_it_and_does_not_take_it_for_its_own(tokenizer, tmp_path):
    keras_hub.models.BertBackbone(900, 1, 2, 8, 16).save_to_preset(tmp_path)
    tokenizer.save_to_preset(tmp_path)
    loaded = keras_hub.tokenizers.Tokenizer.from_preset(str(tmp_path))
    assert type(loaded) is type(tokenizer)
    assert loaded(["Café パンダ"]) == tokenizer(["Café パンダ"])
    # By this KerasHub looks for the tokenizer of a backbone.
    assert type(tokenizer).backbone_cls is None
