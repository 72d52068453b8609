"""The texts that a tokenizer is trained on, read once, in batches."""

from collections.abc import Iterable, Iterator

import tensorflow as tf

from kerassl.errors import InvalidType, InvalidValue

CORPUS_BATCH = 512


def corpus_batches(corpus, progress: bool | None) -> Iterator[list[str]]:
    """Yields the corpus in lists of texts, with a progress bar."""
    from rich.console import Console
    from rich.progress import track

    if isinstance(corpus, str | bytes):
        raise InvalidType(
            "`corpus` must be a Source or an iterable of strings, one a document. "
            "Received a single string; did you mean [corpus], or "
            "`kerassl.data.as_source(path)` for a file?"
        )
    if not hasattr(corpus, "fetch") and not isinstance(corpus, Iterable):
        raise InvalidType(
            "`corpus` must be a Source or an iterable of strings, one a document. "
            f"Received: {corpus!r}"
        )
    total = len(corpus) if hasattr(corpus, "__len__") else None
    batches = _source_batches(corpus) if hasattr(corpus, "fetch") else _chunks(corpus)
    console = Console(stderr=True)
    yield from track(
        batches,
        description="Reading the corpus",
        total=total and -(-total // CORPUS_BATCH),
        console=console,
        transient=console.is_terminal,
        disable=not (console.is_terminal if progress is None else progress),
    )


def _source_batches(source) -> Iterator[list[str]]:
    for start in range(0, len(source), CORPUS_BATCH):
        stop = min(start + CORPUS_BATCH, len(source))
        texts = source.fetch(tf.range(start, stop, dtype="int64"))
        if not isinstance(texts, tf.Tensor) or texts.dtype != tf.string:
            raise InvalidType(
                "`corpus` must be a Source of texts. Received a "
                f"{type(source).__name__} whose examples are not strings."
            )
        yield [text.decode("utf-8", "replace") for text in texts.numpy()]


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    chunk = []
    for text in texts:
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
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


def empty_corpus():
    return InvalidValue(
        "`corpus` must hold some text to train a tokenizer on. Received one without "
        "a single word."
    )


def chain(head, rest):
    yield head
    yield from rest
