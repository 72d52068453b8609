"""Training SentencePiece: pieces of sentences, spaces among them."""

import io
import re
from collections.abc import Iterator

from kerassl.errors import InvalidValue
from kerassl.tokenizers.corpus import not_empty

# SentencePiece drops sentences above a length in bytes instead of cutting
# them, so long documents are handed over in pieces of this many characters.
PIECE_CHARACTERS = 1024


def train_sentence_piece(batches, vocabulary_size, lowercase, algorithm, coverage):
    """Returns a `keras_hub.tokenizers.AlbertTokenizer` trained on a corpus.

    Args:
        batches: Lists of texts, as of `corpus_batches`.
        vocabulary_size: Pieces, at most, the special ones included.
        lowercase: Whether case is folded.
        algorithm: `"unigram"` or `"bpe"`.
        coverage: Share of the corpus's characters that it must spell, in (0, 1].

    Raises:
        ValueError: If the texts hold no word, or their characters do not fit.

    Example:
        >>> texts = ["the cat sat on the mat"] * 9
        >>> tokenizer = train_sentence_piece([texts], 20, True, "unigram", 1.0)
        >>> tokenizer.detokenize(tokenizer(["a cat"]))
        ['a cat']
    """
    import keras_hub
    import sentencepiece

    sentences = not_empty(_pieces_of_text(batches))
    proto = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=sentences,
            model_writer=proto,
            model_type=algorithm,
            vocab_size=vocabulary_size,
            hard_vocab_limit=False,
            character_coverage=coverage,
            normalization_rule_name="nmt_nfkc_cf" if lowercase else "nmt_nfkc",
            max_sentence_length=1 << 20,
            pad_id=0,
            unk_id=1,
            bos_id=2,
            eos_id=3,
            pad_piece="<pad>",
            unk_piece="<unk>",
            bos_piece="[CLS]",
            eos_piece="[SEP]",
            control_symbols=["[MASK]"],
            minloglevel=2,
        )
    except (RuntimeError, ValueError) as error:
        raise _misfit(vocabulary_size, str(error)) from error
    return keras_hub.tokenizers.AlbertTokenizer(proto.getvalue())


def _pieces_of_text(batches) -> Iterator[str]:
    for texts in batches:
        for text in texts:
            piece, size = [], 0
            for word in _parts(text.split()):
                piece.append(word)
                size += len(word) + 1
                if size >= PIECE_CHARACTERS:
                    yield " ".join(piece)
                    piece, size = [], 0
            if piece:
                yield " ".join(piece)


def _parts(words) -> Iterator[str]:
    """Yields words, those longer than a piece in parts."""
    for word in words:
        for start in range(0, len(word), PIECE_CHARACTERS):
            yield word[start : start + PIECE_CHARACTERS]


def _misfit(vocabulary_size: int, message: str) -> ValueError:
    """Says in our words what SentencePiece found wrong with the size."""
    needed = re.search(r"smaller than required_chars[^0-9]*\d+ vs (\d+)", message)
    if needed:
        return InvalidValue(
            "`vocabulary_size` is too small to spell the characters of this corpus: "
            f"expected more than {needed[1]}; or lower `character_coverage`. "
            f"Received: {vocabulary_size}"
        )
    return InvalidValue(
        f"`vocabulary_size` does not fit this corpus. Received: {vocabulary_size}. "
        f"SentencePiece says: {message}"
    )
