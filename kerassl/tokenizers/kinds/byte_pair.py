"""Training byte-level BPE: pairs of bytes, merged where they are frequent."""

import json

from kerassl.errors import InvalidValue
from kerassl.tokenizers.corpus import not_empty

END_OF_TEXT = "<|endoftext|>"
BYTES = 256

# A word never ends inside one of these pieces, wherever a tokenizer of the GPT-2
# family splits: KerasHub's own does so in one way in a graph and in another when
# called eagerly. Merges inside them alone give the same ids in all three. Digits
# stand alone, as in Llama, and so do the spaces of a run.
# Runs are cut at a length, as training takes ever longer over one without end.
BYTE_PIECES = (
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}{1,1000}|\p{N}| ?[^\s\p{L}\p{N}]{1,1000}|\s"
)


def train_byte_pairs(batches, vocabulary_size: int):
    """Returns a `keras_hub.tokenizers.GPT2Tokenizer` trained on a corpus.

    Args:
        batches: Lists of texts, as of `corpus_batches`.
        vocabulary_size: Pieces, at most, the end of text at 0 and all bytes included.

    Raises:
        ValueError: If the texts hold no word of two letters.

    Example:
        >>> train_byte_pairs([["a cat, a hat"]], 260).id_to_token(0)
        '<|endoftext|>'
    """
    import keras_hub
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    texts = (text for batch in batches for text in batch if text.strip())
    model = Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(BYTE_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        min_frequency=1,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    model.train_from_iterator(not_empty(texts), trainer)
    trained = json.loads(model.to_str())["model"]
    vocabulary = trained["vocab"]
    if not trained["merges"]:
        raise InvalidValue(
            "`corpus` must hold some word of two letters for pairs of bytes to be "
            "merged. Received one of single letters and digits. Give more text."
        )
    return keras_hub.tokenizers.GPT2Tokenizer(
        vocabulary=vocabulary, merges=[" ".join(pair) for pair in trained["merges"]]
    )
