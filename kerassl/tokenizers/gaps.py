"""Prompts with gaps: texts in which [MASK] stands for what is to be filled in."""

import reprlib
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from kerassl.errors import InvalidType, InvalidValue

GAP = "[MASK]"


def check_prompts(prompts, name="prompts"):
    """Raises unless prompts are a list of texts.

    Args:
        prompts: What was given.
        name: The user's argument.

    Raises:
        TypeError: If they are no list of strings.
        ValueError: If there is none, or one cannot be encoded.

    Example:
        >>> check_prompts(["a cat", ""])
    """
    is_list = isinstance(prompts, Sequence) and not isinstance(prompts, str | bytes)
    if not is_list or not all(isinstance(prompt, str) for prompt in prompts):
        raise InvalidType(
            f"`{name}` must be a list of strings. Received: {reprlib.repr(prompts)}"
        )
    if not prompts:
        raise InvalidValue(f"`{name}` must hold a text. Received: an empty list")
    for prompt in prompts:
        try:
            prompt.encode("utf-8")
        except UnicodeEncodeError as error:  # half of a surrogate pair
            raise InvalidValue(
                f"`{name}` must be text in UTF-8. Received: {_shown(prompt)}"
            ) from error


def rows_of(prompts, tokens, most, unknown=None, gap_ids=None):
    """Returns the token ids of prompts, with an id for each gap.

    The text on either side of a gap is tokenised by itself, without the space before
    the gap: in the vocabularies of GPT-2 and BART a space belongs to what follows it.

    Args:
        prompts: List of strings.
        tokens: Function from a string tensor (texts,) to ragged token ids, without
            special tokens.
        most: Tokens that a prompt may have.
        unknown: Id of the token for unknown text, or None.
        gap_ids: List of ids, the first for the first gap of a prompt, and so on; None
            where `GAP` is text like any other.

    Returns:
        List of lists of integers.

    Raises:
        ValueError: If a prompt has more tokens or more gaps, or no token of it is
            known.

    Example:
        >>> words = {"a": 5, "cat": 6}
        >>> def tokens(texts):
        ...     split = [text.decode().split() for text in texts.numpy()]
        ...     return tf.ragged.constant([[words[w] for w in s] for s in split])
        >>> rows_of(["a [MASK] cat"], tokens, 8, gap_ids=[4])
        [[5, 4, 6]]
    """
    pieces = [[p] if gap_ids is None else p.split(GAP) for p in prompts]
    texts = [
        text.rstrip() if place < len(parts) - 1 else text
        for parts in pieces
        for place, text in enumerate(parts)
    ]
    found = iter(tokens(tf.constant(texts, tf.string)).to_list())
    rows = []
    for prompt, parts in zip(prompts, pieces, strict=True):
        of_parts = [next(found) for _ in parts]
        _check_known(prompt, sum(of_parts, []), unknown)
        _check_gaps(prompt, len(parts) - 1, gap_ids)
        row = list(of_parts[0])
        for gap, following in enumerate(of_parts[1:]):
            row += [gap_ids[gap], *following]
        if len(row) > most:
            raise InvalidValue(
                f"`prompt` must have at most {most} tokens for this model. Received "
                f"{len(row)}: {_shown(prompt)}"
            )
        rows.append(row)
    return rows


def padded(rows, value):
    """Returns rows of integers as an array, as wide as the longest.

    Args:
        rows: List of lists of integers.
        value: Integer, what fills the shorter ones up.

    Returns:
        int32 array (rows, longest).

    Example:
        >>> padded([[5, 6], [7]], 0)
        array([[5, 6],
               [7, 0]], dtype=int32)
    """
    found = np.full((len(rows), max(map(len, rows))), value, np.int32)
    for i, row in enumerate(rows):
        found[i, : len(row)] = row
    return found


def check_has_gaps(prompts):
    """Raises where a prompt has no gap to fill.

    Args:
        prompts: List of strings.

    Raises:
        ValueError: If so.
    """
    for prompt in prompts:
        if GAP not in prompt:
            raise InvalidValue(
                f"`prompt` must hold {GAP} where something is to be filled in. "
                f"Received: {_shown(prompt)}"
            )


def _check_known(prompt, tokens, unknown):
    if tokens and unknown is not None and all(token == unknown for token in tokens):
        raise InvalidValue(
            "`prompt` must hold characters that the run's tokenizer knows. Received: "
            f"{_shown(prompt)}"
        )


def _check_gaps(prompt, gaps, gap_ids):
    if gap_ids == [] and gaps:
        raise InvalidValue(
            f"`prompt` must not hold {GAP}, which this model has never seen. Received: "
            f"{_shown(prompt)}"
        )
    if gap_ids is not None and gaps > len(gap_ids):
        raise InvalidValue(
            f"`prompt` must hold {GAP} at most {len(gap_ids)} times. Received {gaps} "
            f"times: {_shown(prompt)}"
        )


def _shown(prompt):
    return repr(prompt if len(prompt) <= 60 else f"{prompt[:60]}...")
