"""Texts of token ids, for every kind of tokenizer."""

from kerassl.tokenizers.byte_pairs import is_byte_level


def texts_of(tokenizer, rows):
    """Returns the texts that rows of token ids spell.

    Ids above the vocabulary, such as sentinels, spell nothing.

    Args:
        tokenizer: A KerasHub tokenizer.
        rows: List of lists of integers.

    Returns:
        List of strings.

    Example:
        >>> from kerassl.tokenizers import train_tokenizer
        >>> tokenizer = train_tokenizer(["a cat"], "bpe", vocabulary_size=260)
        >>> texts_of(tokenizer, [tokenizer("a cat"), []])
        ['a cat', '']
    """
    known = tokenizer.vocabulary_size()
    rows = [[int(token) for token in row if token < known] for row in rows]
    if is_byte_level(tokenizer):
        return list(tokenizer.detokenize(rows)) if rows else []
    texts = [tokenizer.detokenize(row) if row else "" for row in rows]
    return [text if isinstance(text, str) else text.numpy().decode() for text in texts]


def spelled(tokenizer, token_id):
    """Returns one token as the tokenizer writes it, such as "##ing" or " the".

    Args:
        tokenizer: A KerasHub tokenizer.
        token_id: Integer.

    Example:
        >>> from kerassl.tokenizers import train_tokenizer
        >>> spelled(train_tokenizer(["a cat"], vocabulary_size=11), 1)
        '[UNK]'
    """
    if is_byte_level(tokenizer):
        return tokenizer.detokenize([[int(token_id)]])[0]
    if int(token_id) >= tokenizer.vocabulary_size():
        return f"<{int(token_id)}>"
    return tokenizer.id_to_token(int(token_id))
