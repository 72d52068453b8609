"""How well a language model tells held-out text, in bits per byte."""

import keras
import numpy as np
from keras import ops

from kerassl.data.windows import DocumentEncoder
from kerassl.encoders.token_embedding import token_embedding_of
from kerassl.errors import InvalidValue
from kerassl.losses.language import token_cross_entropy
from kerassl.tokenizers.byte_pairs import is_byte_level
from kerassl.tokenizers.strings import as_strings
from kerassl.transfer.inputs.byte_ngrams import ByteNgrams
from kerassl.transfer.perplexity_result import PerplexityResult

# Logits that are held at once.
MAX_LOGITS = 1 << 25
# Bytes of the byte model's longest n-grams, and characters that it counts, at most.
ORDER, COUNTED = 8, 1 << 24
# Parts of the texts, over which the verdict's interval is taken.
PARTS = 10


def perplexity(
    task, texts, *, train_texts=None, batch_size: int = 16
) -> PerplexityResult:
    """Returns how well a causal language model tells held-out texts.

    Each text is told from its beginning to its end, the end of text included,
    so the measure is the length of a code for it. A text longer than the
    pretext layer's rows is read in rows that overlap by half, and each token
    is counted once, in the row where it has the most before it.

    Bits per byte are exact with a byte-level tokenizer (`kind="bpe"`). One that
    folds case or has an unknown piece does not tell all of the text, and is
    flattered.

    Args:
        task: A `kerassl.models.CausalLM` with a pretext layer.
        texts: List of strings that the task was not trained on.
        train_texts: List of strings to count the unigram model's frequencies
            on, with one added to each count; such as those of training. A byte
            8-gram model counts them too, or as many of them as have 16 million
            characters. None counts unigrams on `texts` themselves, which no unigram
            model can beat, and makes no byte model.
        batch_size: Rows at a time; fewer where the vocabulary is large.

    Returns:
        A `PerplexityResult`.

    Raises:
        ValueError: If there is no text.

    Example:
        >>> import keras_hub
        >>> from kerassl.data import train_tokenizer
        >>> from kerassl.models import CausalLM
        >>> from kerassl.pretext import NextToken
        >>> tokenizer = train_tokenizer(["a cat"], "bpe", 258)
        >>> encoder = keras_hub.models.GPT2Backbone(258, 1, 2, 8, 16)
        >>> task = CausalLM(encoder, NextToken(tokenizer, sequence_length=8))
        >>> perplexity(task, ["a hat", "a cat"]).bytes
        10
    """
    texts = list(texts)
    if not any(texts):
        raise InvalidValue(f"`texts` must hold some text. Received: {len(texts)} texts")
    encode = DocumentEncoder(task.pretext.tokenizer)
    vocabulary = token_embedding_of(task.encoder).input_dim
    stream = _streams(encode, texts)
    nats, right = _told(task, stream, vocabulary, batch_size)
    counts = np.ones(vocabulary) if train_texts is not None else np.zeros(vocabulary)
    source = stream if train_texts is None else _streams(encode, list(train_texts))
    for tokens in source:
        counts += np.bincount(tokens[1:], minlength=vocabulary)
    surprise = -np.log(
        counts / counts.sum(), where=counts > 0, out=np.zeros(vocabulary)
    )
    sums = {
        "tokens": np.array([len(tokens) - 1 for tokens in stream]),
        "bytes": np.array([len(text.encode("utf-8")) for text in texts]),
        "nats": nats,
        "unigram_nats": np.array([surprise[tokens[1:]].sum() for tokens in stream]),
    }
    if train_texts is not None:
        model = ByteNgrams(some_texts(list(train_texts), COUNTED), ORDER)
        sums["ngram_nats"] = model.bits(texts) * np.log(2)
    return PerplexityResult(
        **{name: values.sum().item() for name, values in sums.items()},
        accuracy=float(right / sums["tokens"].sum()),
        ngram_order=ORDER if "ngram_nats" in sums else None,
        byte_level=is_byte_level(task.pretext.tokenizer),
        parts=_parts(sums),
    )


def drawn_texts(source, limit: int) -> list[str]:
    """Returns texts of a source, drawn with a fixed seed where there are many.

    Args:
        source: A `kerassl.data.Source` of texts.
        limit: How many, at most.

    Example:
        >>> from kerassl.data import ArraySource
        >>> drawn_texts(ArraySource(["a", "b"]), 5)
        ['a', 'b']
    """
    drawn = np.sort(np.random.default_rng(0).permutation(len(source))[:limit])
    return as_strings(source.fetch(drawn).numpy())


def holds_texts(source) -> bool:
    """Tells whether the examples of a source are strings, not tokens of them.

    Args:
        source: A `kerassl.data.Source`.

    Example:
        >>> from kerassl.data import ArraySource
        >>> holds_texts(ArraySource(["a"])), holds_texts(ArraySource(np.ones((1, 2))))
        (True, False)
    """
    example = source.fetch(np.array([0]))
    return getattr(getattr(example, "dtype", None), "name", "") == "string"


def some_texts(texts: list[str], characters: int) -> list[str]:
    """Returns texts of at most so many characters, of more a fixed draw.

    Args:
        texts: List of strings.
        characters: How many all may have. Of a longer text its beginning is taken
            where no other fits.

    Example:
        >>> some_texts(["ab", "cd"], 4), some_texts(["abcdef"], 4)
        (['ab', 'cd'], ['abcd'])
    """
    if sum(map(len, texts)) <= characters:
        return texts
    order = np.random.default_rng(0).permutation(len(texts))
    sizes = np.cumsum([len(texts[i]) for i in order])
    kept = [texts[i] for i in order[sizes <= characters]]
    return kept or [texts[order[0]][:characters]]


def _streams(encode, texts):
    """Returns the tokens of each text between two ends of text."""
    found = []
    for begin in range(0, len(texts), 512):
        tokens, starts = encode(texts[begin : begin + 512])
        for part in np.split(tokens, starts[1:]):
            found.append(np.append(part, encode.end).astype("int32"))
    return found


def _parts(sums):
    """Returns the sums over neighbouring texts of about as many bytes together."""
    ends = np.cumsum(sums["bytes"])
    middles = ends - sums["bytes"] / 2
    part = np.minimum((middles * PARTS / ends[-1]).astype(int), PARTS - 1)
    return [
        {name: values[part == i].sum().item() for name, values in sums.items()}
        for i in np.unique(part)
    ]


def _told(task, stream, vocabulary, batch_size):
    """Returns the nats of each text, and how many tokens were told rightly."""
    length = task.pretext.sequence_length
    cut = [list(_rows(tokens, length)) for tokens in stream]
    rows = [row for each in cut for row in each]
    owners = np.repeat(np.arange(len(stream)), [len(each) for each in cut])
    batch_size = min(batch_size, max(1, MAX_LOGITS // (length * vocabulary)), len(rows))
    model, nats, hits = _model(task), np.zeros(len(stream)), 0
    for begin in range(0, len(rows), batch_size):
        owned = owners[begin : begin + batch_size]
        inputs, counted = _batch(rows[begin : begin + batch_size], batch_size, length)
        losses, right = model.predict_on_batch(inputs)
        told = (losses * counted).sum(axis=1, dtype="float64")
        np.add.at(nats, owned, told[: len(owned)])
        hits += int((right * counted).sum())
    return nats, hits


def _rows(tokens, length):
    """Yields (tokens of a row, how many of the first it asks for to leave out)."""
    begin, told = 0, 1
    while told < len(tokens):
        row = tokens[begin : begin + length + 1]
        yield row, told - begin - 1
        told = begin + len(row)
        begin += max(1, length // 2)


def _batch(rows, batch_size, length):
    token_ids = np.zeros((batch_size, length + 1), "int32")
    mask = np.zeros((batch_size, length + 1), "int32")
    counted = np.zeros((batch_size, length), "float32")
    for i, (row, skipped) in enumerate(rows):
        token_ids[i, : len(row)], mask[i, : len(row)] = row, 1
        counted[i, skipped : len(row) - 1] = 1
    inputs = {
        "token_ids": token_ids[:, :-1],
        "padding_mask": mask[:, :-1],
        "targets": token_ids[:, 1:],
    }
    return inputs, counted


def _model(task):
    """Returns a model from rows and targets to (losses, whether right)."""
    encoder = task.encoder
    inputs = {n: v for n, v in encoder.input.items() if n != "targets"}
    targets = keras.Input((None,), dtype="int32", name="targets")
    logits = token_embedding_of(encoder)(encoder(inputs), reverse=True)
    losses = token_cross_entropy(logits, targets)
    right = ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), targets)
    right = ops.cast(right, "float32")
    return keras.Model({**inputs, "targets": targets}, [losses, right])
