"""Which tokens of a vocabulary begin a word."""

import numpy as np

from kerassl.errors import InvalidValue

# A space, tab and line feed as byte-level BPE writes them, and SentencePiece's space.
SPACES = ("Ġ", "ĉ", "Ċ", "▁")


def word_starts(tokenizer) -> np.ndarray:
    """Returns which token ids begin a word, by how the tokenizer writes them.

    A WordPiece begins a word unless it is marked as going on ("##ing"). A piece of
    byte-level BPE or SentencePiece begins one where it brings the space before it, so
    a comma belongs to the word that it follows. What stands at the beginning of a text
    has no space: the first token of a row begins a word whatever it is.

    Args:
        tokenizer: A KerasHub tokenizer.

    Returns:
        Boolean array (vocabulary_size,).

    Raises:
        ValueError: If the tokenizer is of another kind.

    Example:
        >>> from kerassl.tokenizers import train_tokenizer
        >>> tokenizer = train_tokenizer(["a cat", "a hat"], vocabulary_size=12)
        >>> starts = word_starts(tokenizer)
        >>> bool(starts[tokenizer.token_to_id("##at")])
        False
    """
    import keras_hub

    known = keras_hub.tokenizers
    tokens = [tokenizer.id_to_token(i) for i in range(tokenizer.vocabulary_size())]
    if isinstance(tokenizer, known.WordPieceTokenizer):
        mark = tokenizer.suffix_indicator
        return np.array([not token.startswith(mark) for token in tokens])
    if isinstance(tokenizer, known.BytePairTokenizer | known.SentencePieceTokenizer):
        return np.array([token.startswith(SPACES) for token in tokens])
    raise InvalidValue(
        "`tokenizer` must tell where words begin: a WordPiece, byte-level BPE or "
        f"SentencePiece tokenizer. Received: {type(tokenizer).__name__}"
    )
