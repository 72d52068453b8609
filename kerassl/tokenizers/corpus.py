"""The texts that a tokenizer is trained on, read once, in batches."""

import itertools
from collections.abc import Iterable, Iterator

import tensorflow as tf

from kerassl.errors import InvalidType, InvalidValue
from kerassl.progress import track
from kerassl.tokenizers.strings import as_strings

CORPUS_BATCH = 512


def corpus_batches(corpus, field=None, progress=None) -> Iterator[list[str]]:
    """Yields the texts of a corpus in lists, with a progress bar.

    Args:
        corpus: Whatever has a length and `fetch(indices)`, as a
            `kerassl.data.Source` does, of strings or of dicts that hold some; or an
            iterable of `str`.
        field: Which entry of dicts is the text; None for their only string.
        progress: Whether to show the bar; None where the error stream is a
            terminal.

    Raises:
        TypeError: If the corpus holds something else than strings.
        ValueError: If it is of dicts and `field` names no text of theirs, or of no
            dicts and there is a `field`.

    Example:
        >>> list(corpus_batches(["a cat", "a hat"]))
        [['a cat', 'a hat']]
    """
    if isinstance(corpus, str | bytes):
        raise InvalidType(
            "`corpus` must be a Source or an iterable of strings, one a document. "
            "Received a single string; did you mean [corpus], or "
            "`kerassl.data.as_source(path)` for a file?"
        )
    is_source = hasattr(corpus, "fetch")
    if not is_source and not isinstance(corpus, Iterable):
        raise InvalidType(
            "`corpus` must be a Source or an iterable of strings, one a document. "
            f"Received: {corpus!r}"
        )
    if field is not None and not is_source:
        raise _no_dicts(field)
    total = len(corpus) if hasattr(corpus, "__len__") else None
    batches = _source_batches(corpus, field) if is_source else _chunks(corpus)
    yield from track(
        batches,
        "Reading the corpus",
        total=total and -(-total // CORPUS_BATCH),
        shown=progress,
    )


def not_empty(texts: Iterator[str]) -> Iterator[str]:
    """Returns an iterator over the same texts.

    Raises:
        ValueError: If there are none.
    """
    head = next(texts, None)
    if head is None:
        raise empty_corpus()
    return itertools.chain([head], texts)


def empty_corpus() -> InvalidValue:
    """Returns the error of a corpus that holds no word."""
    return InvalidValue(
        "`corpus` must hold some text to train a tokenizer on. Received one without "
        "a single word."
    )


def _source_batches(source, field) -> Iterator[list[str]]:
    for start in range(0, len(source), CORPUS_BATCH):
        stop = min(start + CORPUS_BATCH, len(source))
        examples = source.fetch(tf.range(start, stop, dtype="int64"))
        yield as_strings(_texts_of(examples, field, source).numpy().flat)


def _texts_of(examples, field, source):
    """Returns the string tensor that a batch is, or that a field of it is."""
    if isinstance(examples, dict):
        examples = examples[_field_of(examples, field)]
    elif field is not None:
        raise _no_dicts(field)
    if not _is_text(examples):
        raise InvalidType(
            "`corpus` must be a Source of texts. Received a "
            f"{type(source).__name__} whose examples are not strings."
        )
    return examples


def _field_of(examples, field):
    texts = [name for name, part in examples.items() if _is_text(part)]
    if field is None and len(texts) == 1:
        return texts[0]
    if field not in texts:
        raise InvalidValue(
            "`field` must name the text to train the tokenizer on, one of "
            f"{sorted(texts)}. Received: {field!r}, and examples with the entries "
            f"{sorted(examples)}"
        )
    return field


def _is_text(part):
    return isinstance(part, tf.Tensor) and part.dtype == tf.string


def _no_dicts(field):
    return InvalidValue(
        "`field` must be None where the examples are no dicts: it names the text in "
        f"them. Received: {field!r}"
    )


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    chunk = []
    for text in texts:
        if isinstance(text, bytes):
            (text,) = as_strings([text])
        if not isinstance(text, str):
            raise InvalidType(
                "`corpus` must hold strings, one a document. Received an item of "
                f"type {type(text).__name__}."
            )
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidValue(
                "`corpus` must hold strings that UTF-8 can encode. Received one with "
                f"{text[error.start : error.end]!r} in it."
            ) from error
        chunk.append(text)
        if len(chunk) == CORPUS_BATCH:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
