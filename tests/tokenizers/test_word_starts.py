import keras_hub
import pytest

from kerassl.tokenizers import train_tokenizer
from kerassl.tokenizers.word_starts import word_starts

TEXTS = ["the cat, the hat", "a cat that sat"]


@pytest.mark.parametrize(
    "kind, size", [("wordpiece", 18), ("bpe", 264), ("sentencepiece", 16), ("word", 99)]
)
def test_a_text_has_as_many_words_as_starts(kind, size):
    tokenizer = train_tokenizer(TEXTS, kind, size, min_count=1)
    ids = [int(token) for token in tokenizer("the cat that sat")]
    starts = word_starts(tokenizer)
    assert len(starts) == tokenizer.vocabulary_size()
    # In byte-level BPE the beginning of a text has no space before it.
    assert starts[ids[1:]].sum() + 1 == 4
    assert not starts[ids[1:]].all() or kind == "word"


def test_another_tokenizer_is_refused():
    with pytest.raises(ValueError, match="`tokenizer` must tell where words begin"):
        word_starts(keras_hub.tokenizers.ByteTokenizer())
