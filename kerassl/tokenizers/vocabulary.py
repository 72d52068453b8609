"""Which ids of a vocabulary stand for what."""

import numpy as np


def ordinary_ids(tokenizer, special) -> np.ndarray:
    """Returns the ids of the tokens that are pieces of texts, not marks.

    Args:
        tokenizer: A KerasHub tokenizer.
        special: Dict of the ids of its special tokens by use, None where it has none,
            such as the one for unknown text. The special tokens that the tokenizer
            itself knows are left out too.

    Returns:
        int32 array, in rising order.

    Example:
        >>> from kerassl.tokenizers import train_tokenizer
        >>> tokenizer = train_tokenizer(["a b c"], vocabulary_size=8)
        >>> ordinary_ids(tokenizer, {"unknown": 1}).tolist()
        [5, 6, 7]
    """
    every = np.arange(tokenizer.vocabulary_size(), dtype=np.int32)
    known = {*special.values(), *tokenizer.special_token_ids} - {None}
    return np.setdiff1d(every, np.array(sorted(known), np.int32))
