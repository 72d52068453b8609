"""How much of a corpus a tokenizer knows, and whether a task can learn from it."""

import numpy as np

from kerassl.errors import InvalidValue
from kerassl.tokenizers.token_rows import TokenRows

# Examples looked at together.
EXAMPLES = 256


def unknown_share(source, tokenizer, examples: int = 1000):
    """Returns the share of the tokens of a source that are unknown.

    Args:
        source: A `Source` of texts, of token ids or of windows, with random access.
        tokenizer: A KerasHub tokenizer.
        examples: How many examples are looked at, from all over the source.

    Returns:
        Float in [0, 1]; 0 where the tokenizer spells everything, as BPE over bytes
        does, and 1 where there are no tokens.

    Example:
        >>> from kerassl.data import ArraySource, train_tokenizer
        >>> tokenizer = train_tokenizer(["a b"], vocabulary_size=7)
        >>> unknown_share(ArraySource(["a b", "b c"]), tokenizer)
        0.25
    """
    rows = TokenRows(tokenizer, sequence_length=3)
    unknown, total = rows.special_ids()["unknown"], 0
    count = 0
    for positions in _batches(_spread(len(source), examples)):
        tokens = rows.tokens(source.fetch(positions)).flat_values.numpy()
        total += len(tokens)
        count += 0 if unknown is None else int((tokens == unknown).sum())
    return count / total if total else 1.0


def check_learnable(source, pretext):
    """Raises where no example of a source holds anything to learn from.

    The first look, at examples from all over the source, is enough where the data
    are as they should be; all of it is read only where that finds nothing.

    Args:
        source: A `Source`, as `windows_for` gives it.
        pretext: A `PretextLayer`; only one with `has_task` is asked.

    Raises:
        ValueError: If nothing can be learnt.
    """
    if not hasattr(pretext, "has_task") or source.sequential or not len(source):
        return
    every = np.arange(len(source))
    for positions in (_spread(len(source), EXAMPLES), *_batches(every)):
        examples = source.fetch(positions)
        pretext.check(examples)
        if pretext.has_task(examples):
            return
    raise InvalidValue(
        f"There is nothing to learn from in {len(source):,} {source.unit}: "
        f"{type(pretext).__name__} needs {pretext.needs}. Train the tokenizer on these "
        "texts, or give others."
    )


def _spread(size, count):
    if size <= count:
        return np.arange(size)
    # At random, as data may be of one kind in every second place.
    return np.unique(np.random.default_rng(0).integers(0, size, count))


def _batches(positions):
    for begin in range(0, len(positions), EXAMPLES):
        yield positions[begin : begin + EXAMPLES]
