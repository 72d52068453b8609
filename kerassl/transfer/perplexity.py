"""How well a language model tells held-out text, in bits per byte."""

import math
from dataclasses import asdict, dataclass

import keras
import numpy as np
from keras import ops

from kerassl.data.windows import DocumentEncoder
from kerassl.errors import InvalidValue
from kerassl.losses.language import token_cross_entropy
from kerassl.tokenizers.strings import as_strings

# Logits that are held at once.
MAX_LOGITS = 1 << 25


@dataclass(frozen=True)
class PerplexityResult:
    """What a language model needs to tell texts, beside a unigram model.

    The unigram model tells each token by its frequency, without context.

    Attributes:
        tokens: Tokens that were told: those of the texts, and the end of each.
        bytes: Bytes of the texts in UTF-8.
        nats: Sum of the cross-entropy, in nats.
        accuracy: Share of tokens that were told rightly.
        unigram_nats: The same sum for the unigram model.

    Example:
        >>> found = PerplexityResult(tokens=4, bytes=8, nats=4.0,
        ...     accuracy=0.5, unigram_nats=8.0)
        >>> round(found.perplexity, 3), round(found.bits_per_byte, 3)
        (2.718, 0.721)
    """

    tokens: int
    bytes: int
    nats: float
    accuracy: float
    unigram_nats: float

    @property
    def perplexity(self) -> float:
        """Exponential of the nats a token; not to be compared across tokenizers."""
        return math.exp(self.nats / self.tokens)

    @property
    def bits_per_byte(self) -> float:
        """Bits for each byte of text, comparable across tokenizers."""
        return self.nats / math.log(2) / self.bytes

    @property
    def unigram_perplexity(self) -> float:
        """Perplexity of the unigram model."""
        return math.exp(self.unigram_nats / self.tokens)

    @property
    def unigram_bits_per_byte(self) -> float:
        """Bits per byte of the unigram model."""
        return self.unigram_nats / math.log(2) / self.bytes

    @property
    def rows(self) -> list[dict]:
        """One for the unigram model and one for this one."""
        return [
            {
                "model": model,
                "bits_per_byte": getattr(self, f"{prefix}bits_per_byte"),
                "perplexity": getattr(self, f"{prefix}perplexity"),
            }
            for model, prefix in (("unigram", "unigram_"), ("this one", ""))
        ]

    def to_dict(self) -> dict:
        """Returns counts and measures as JSON's types."""
        names = ("perplexity", "bits_per_byte")
        derived = [*names, *(f"unigram_{name}" for name in names)]
        return {**asdict(self), **{name: getattr(self, name) for name in derived}}

    def to_markdown(self) -> str:
        """Returns the table in Markdown."""
        lines = [
            "| model | bits per byte | perplexity a token |",
            "| --- | ---: | ---: |",
        ]
        for row in self.rows:
            cells = f"{row['bits_per_byte']:.3f} | {row['perplexity']:.1f}"
            lines.append(f"| {row['model']} | {cells} |")
        return "\n".join(lines)

    def figures(self) -> dict:
        """Returns none."""
        return {}


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
            on, with one added to each count; such as those of training. None
            counts them on `texts` themselves, which no unigram model can beat.
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
    length = task.pretext.sequence_length
    stream = _streams(encode, texts)
    rows = [row for tokens in stream for row in _rows(tokens, length)]
    vocabulary = task.encoder.token_embedding.input_dim
    batch_size = min(batch_size, max(1, MAX_LOGITS // (length * vocabulary)), len(rows))
    model, sums = _model(task), np.zeros(2)
    for begin in range(0, len(rows), batch_size):
        inputs, counted = _batch(rows[begin : begin + batch_size], batch_size, length)
        losses, right = model.predict_on_batch(inputs)
        sums += [(losses * counted).sum(dtype="float64"), (right * counted).sum()]
    told = np.concatenate([tokens[1:] for tokens in stream])
    counts = np.ones(vocabulary) if train_texts is not None else np.zeros(vocabulary)
    source = stream if train_texts is None else _streams(encode, list(train_texts))
    for tokens in source:
        counts += np.bincount(tokens[1:], minlength=vocabulary)
    shares = counts / counts.sum()
    return PerplexityResult(
        tokens=len(told),
        bytes=sum(len(text.encode("utf-8")) for text in texts),
        nats=float(sums[0]),
        accuracy=float(sums[1] / len(told)),
        unigram_nats=float(-np.log(shares[told]).sum()),
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


def _streams(encode, texts):
    """Returns the tokens of each text between two ends of text."""
    found = []
    for begin in range(0, len(texts), 512):
        tokens, starts = encode(texts[begin : begin + 512])
        for part in np.split(tokens, starts[1:]):
            found.append(np.append(part, encode.end).astype("int32"))
    return found


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
    logits = encoder.token_embedding(encoder(inputs), reverse=True)
    losses = token_cross_entropy(logits, targets)
    right = ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), targets)
    right = ops.cast(right, "float32")
    return keras.Model({**inputs, "targets": targets}, [losses, right])
