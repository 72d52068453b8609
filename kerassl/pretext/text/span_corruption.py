"""Span corruption: hide runs of tokens behind sentinels, and ask for them."""

from collections.abc import Iterable, Sequence

import keras
import numpy as np
import tensorflow as tf

from kerassl.checks import check_integer, check_number
from kerassl.errors import InvalidValue
from kerassl.pictures import Mark, token_figure
from kerassl.pretext.base import fold_seed
from kerassl.pretext.text.base import TextPretextLayer
from kerassl.pretext.text.denoising_rows import (
    DenoisingRows,
    choose,
    compact,
    kth_column,
)
from kerassl.tokenizers.gaps import check_has_gaps
from kerassl.tokenizers.token_rows import first_rows

# How the figure draws tokens.
MARKS = {"span": Mark("hidden span", "#8e44ad")}


@keras.saving.register_keras_serializable(package="kerassl")
class SpanCorruption(TextPretextLayer):
    """Hides 15 % of each text in spans of 3 tokens and asks for them (T5).

    Each hidden span is replaced by one sentinel, a token of its own: the first
    by sentinel 0, the next by sentinel 1, and so on. The answer lists the
    spans, each behind its sentinel, and ends with one sentinel more and the end
    token:

        text     Thank you for inviting me to your party last week . </s>
        shown    Thank you <0> me to your party <1> week . </s>
        answer   <0> for inviting <1> last <2> </s>

    A text of n tokens has round(n * noise_density) hidden tokens, but at least
    one and at most n - 1, in round(hidden / mean_span_length) spans, at least
    one. The hidden tokens are cut into spans at random. Every choice of places
    for the spans is equally likely, with at least one token between two spans:
    a text may begin and end with a hidden span or with a token to see. (The
    paper's own code begins each text with tokens to see and ends it with a
    hidden span, so that short texts differ in nothing else. There the last
    sentinel falls away, which the paper's text has; so an answer here is by one
    token longer than the code's.)

    Sentinels are ids above the tokenizer's vocabulary, so that any tokenizer
    will do; the encoder's embedding must have `vocabulary_size` rows.

    A document longer than `sequence_length` is read from an offset drawn from
    the seed. `prepare` always reads from the start.

    Call arguments:
        inputs: Texts, a string tensor (batch,); or token ids without special
            tokens, an integer tensor (batch, time) padded with the
            tokenizer's padding id, or a `tf.RaggedTensor` of them; or windows
            over joined documents, as `kerassl.data.TokenShards` gives.
        seed: Integer tensor of shape (2,).

    Returns:
        A tuple `(x, y, sample_weight)`:

        - x: dict of int32 tensors: `"encoder_token_ids"` and
          `"encoder_padding_mask"`, each (batch, input_length), and
          `"decoder_token_ids"` and `"decoder_padding_mask"`, each (batch,
          target_length). The decoder reads the answer shifted by one, behind a
          padding token.
        - y: int32 tensor (batch, target_length), the answer.
        - sample_weight: float32 tensor (batch, target_length), 1 at the answer's
          tokens and 0 at padding.

    Args:
        tokenizer: A KerasHub tokenizer with start, end and padding tokens,
            such as `kerassl.data.train_tokenizer` gives.
        sequence_length: Tokens of a clean row, the end included, above 1.
        noise_density: Share of the tokens to hide, in [0, 1].
        mean_span_length: Mean length of a hidden span in tokens, 1 or more.
        sentinels: Number of sentinel ids, placed above the tokenizer's
            vocabulary; or the ids themselves in their order, for weights that
            were trained with sentinels of their own.
        end_token: Whether the answer ends with the end token, as T5's do, by
            which a decoder learns where to stop. Layers stored before this
            argument came (0.3.0) have none, and load without.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Attributes:
        input_length: Tokens that the encoder reads in training, the end
            included; less than `sequence_length`.
        target_length: Tokens of the longest answer, the end included.

    Raises:
        ValueError: If an argument is out of range, the sentinels do not
            suffice, the tokenizer lacks one of the special tokens, or there is
            no tokenizer when data arrives.

    Example:
        >>> from kerassl.data import train_tokenizer
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"]
        >>> tokenizer = train_tokenizer(texts, vocabulary_size=30)
        >>> pretext = SpanCorruption(tokenizer, sequence_length=16)
        >>> x, y, weight = pretext(tf.constant(texts), tf.constant([0, 1]))
        >>> x["encoder_token_ids"].shape, y.shape
        (TensorShape([2, 15]), TensorShape([2, 5]))

    Reference:
        Raffel et al., 2019, section 3.1.4, https://arxiv.org/abs/1910.10683
    """

    needs = "a text of two tokens or more, not all unknown to the tokenizer"
    formerly = {"end_token": False}

    def __init__(
        self,
        tokenizer=None,
        sequence_length: int = 128,
        noise_density: float = 0.15,
        mean_span_length: float = 3.0,
        sentinels: int | Sequence[int] = 100,
        end_token: bool = True,
        *,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        _check_arguments(noise_density, mean_span_length)
        self._rows = DenoisingRows(tokenizer, sequence_length)
        self.tokenizer = tokenizer
        self.sequence_length = sequence_length
        self.noise_density = noise_density
        self.mean_span_length = mean_span_length
        self.sentinels = _checked_sentinels(sentinels)
        if not isinstance(end_token, bool):
            raise InvalidValue(
                f"`end_token` must be True or False. Received: {end_token!r}"
            )
        self.end_token = end_token
        lengths = np.arange(sequence_length)
        noise, spans = noise_counts(lengths, noise_density, mean_span_length)
        self._noise, self._spans = noise, spans
        self.input_length = int((lengths - noise + spans).max()) + 1
        self.target_length = int((noise + spans).max()) + 1 + end_token
        self._check_sentinels(int(spans.max()) + 1)

    @property
    def vocabulary_size(self) -> int:
        """Number of token ids, those of the sentinels included."""
        top = int(self._sentinel_ids().max()) + 1
        return max(self.tokenizer.vocabulary_size(), top)

    def call(self, inputs, seed):
        special = self._rows.special_ids()
        token_ids, lengths = self._rows.clean(inputs, fold_seed(seed, 0))
        hidden = self._hidden(lengths, fold_seed(seed, 1))
        begins = hidden & ~tf.pad(hidden[:, :-1], [[0, 0], [1, 0]])
        number = tf.cumsum(tf.cast(begins, tf.int32), axis=1)
        ids = self._sentinel_ids()
        sentinel = tf.gather(ids, tf.maximum(number - 1, 0))
        seen = (tf.range(self.sequence_length) <= lengths) & (~hidden | begins)
        shown, shown_lengths = compact(
            tf.where(hidden, sentinel, token_ids),
            seen,
            self.input_length,
            special["pad"],
        )
        # Before every token stands its sentinel, of which each span keeps one.
        pairs = _side_by_side(sentinel, token_ids)
        asked = _side_by_side(begins, hidden)
        last = tf.gather(ids, number[:, -1:])
        if self.end_token:
            last = tf.concat([last, tf.fill(tf.shape(last), special["end"])], 1)
        answer, answer_lengths = compact(
            tf.concat([pairs, last], 1),
            tf.concat([asked, tf.ones_like(last, tf.bool)], 1),
            self.target_length,
            special["pad"],
        )
        return self._rows.example(shown, shown_lengths, answer, answer_lengths)

    def has_task(self, inputs):
        tokens = self._rows.tokens(inputs)
        return super().has_task(
            tf.ragged.boolean_mask(tokens, tokens.row_lengths() > 1)
        )

    def prepare(self, inputs):
        """Returns the encoder inputs of a batch, with nothing hidden.

        Args:
            inputs: As for a call.

        Returns:
            A dict of int32 tensors `"token_ids"` and `"padding_mask"`, each
            (batch, sequence_length).
        """
        return self._rows.prepare(inputs)

    def ask(self, prompts):
        """Returns what a model is given to fill gaps: a sentinel for each.

        Args:
            prompts: List of strings with one or more
                `kerassl.tokenizers.gaps.GAP`, each for any number of tokens.

        Returns:
            Dict of int32 arrays as of a call's x.

        Raises:
            ValueError: If a prompt has no gap, or more than a text in training had
                spans, is too long, or is not known to the tokenizer.
        """
        check_has_gaps(prompts)
        sentinels = self._sentinel_ids()[: int(self._spans.max())].tolist()
        return self._rows.question(prompts, self.target_length, sentinels)

    def recover(self, x, answer):
        """Returns the texts that a corrupted input and an answer make together.

        The inverse of a call, where the answer is right. A span that the
        answer leaves out is empty; what stands behind its end token is left out.

        Args:
            x: The encoder's part of a call's `x`.
            answer: Integer array (batch, time), as a call's `y`, or what a
                model answered.

        Returns:
            A list of NumPy arrays, the token ids of each text without special
            tokens.
        """
        special = self._rows.special_ids()
        texts = []
        for shown, answered in zip(
            np.asarray(x["encoder_token_ids"]), np.asarray(answer), strict=True
        ):
            spans = self._spans_of(answered)
            text = [spans.get(token, [token]) for token in shown.tolist()]
            text = np.array([token for span in text for token in span], np.int32)
            texts.append(text[~np.isin(text, [special["pad"], special["end"]])])
        return texts

    def draw(self, inputs, seed):
        """Returns a figure of the texts with their sentinels coloured.

        Args:
            inputs: As for a call; the first rows are shown.
            seed: Integer tensor of shape (2,).

        Returns:
            A `matplotlib.figure.Figure`.
        """
        return token_figure(self._annotate(first_rows(inputs, 6), seed), MARKS)

    def get_config(self):
        return {
            **super().get_config(),
            "noise_density": self.noise_density,
            "mean_span_length": self.mean_span_length,
            "sentinels": self.sentinels,
            "end_token": self.end_token,
        }

    @classmethod
    def from_config(cls, config):
        return super().from_config({**cls.formerly, **config})

    def _hidden(self, lengths, seed):
        """Returns which tokens to hide, a boolean mask (batch, sequence_length)."""
        width, most = self.sequence_length, max(1, int(self._noise.max()))
        rows = lengths.shape[0] or tf.shape(lengths)[0]
        random = tf.random.stateless_uniform([rows, most + width], seed)
        noise = tf.gather(np.int32(self._noise), lengths)  # (batch, 1)
        spans = tf.gather(np.int32(self._spans), lengths)
        # The hidden tokens, side by side, are cut into spans ...
        column = tf.range(most)
        can_begin = (column >= 1) & (column < noise)
        cuts = choose(random[:, :most], can_begin, spans - 1)
        span = tf.cumsum(tf.cast(cuts, tf.int32), axis=1)  # of each hidden token
        # ... and each span goes to another gap before, between or after the
        # tokens to see. The gap's number is how many of those stand before it.
        gaps = choose(random[:, most:], tf.range(width) <= lengths - noise, spans)
        gap = kth_column(gaps, max(1, int(self._spans.max())))  # of each span
        position = column + tf.gather(gap, span, batch_dims=1)
        position = tf.where(column < noise, position, width)
        # Positions rise along a row, so each place finds whether it is one.
        places = tf.broadcast_to(tf.range(width), [rows, width])
        nearest = tf.minimum(tf.searchsorted(position, places), most - 1)
        return tf.gather(position, nearest, batch_dims=1) == places

    def _sentinel_ids(self) -> np.ndarray:
        self._rows.special_ids()  # complains of a missing tokenizer
        if not isinstance(self.sentinels, int):
            return np.array(self.sentinels, np.int32)
        first = self.tokenizer.vocabulary_size()
        return np.arange(first, first + self.sentinels, dtype=np.int32)

    def _check_sentinels(self, needed):
        given = self.sentinels
        if not isinstance(given, int):
            if len(set(given)) < len(given):
                raise InvalidValue(
                    f"`sentinels` must be different ids. Received: {given}"
                )
            given = len(given)
        if given < needed:
            raise InvalidValue(
                f"`sentinels` must be at least {needed}, for a row of "
                f"{self.sequence_length} tokens. Received: {given}"
            )

    def _annotate(self, inputs, seed):
        """Returns rows of (text, kind, target), one per token without padding."""
        x, answer, _ = self(inputs, seed)
        number = {token: i for i, token in enumerate(self._sentinel_ids().tolist())}
        name, pad = self.tokenizer.id_to_token, self._rows.special_ids()["pad"]
        rows = []
        for shown, answered in zip(
            x["encoder_token_ids"].numpy(), answer.numpy(), strict=True
        ):
            spans = self._spans_of(answered)
            rows.append([])
            for token in shown[shown != pad].tolist():
                if token in number:
                    target = " ".join(name(part) for part in spans[token])
                    rows[-1].append((f"<{number[token]}>", "span", target))
                else:
                    rows[-1].append((name(token), "plain", ""))
        return rows

    def _spans_of(self, answered) -> dict[int, list[int]]:
        """Returns the tokens behind each sentinel, none for those left out."""
        special = self._rows.special_ids()
        spans: dict[int, list[int]] = {t: [] for t in self._sentinel_ids().tolist()}
        span: list[int] = []
        for token in answered.tolist():
            if self.end_token and token == special["end"]:
                break
            if token in spans:
                span = spans[token]
            elif token not in (special["pad"], special["end"]):
                span.append(token)
        return spans


def noise_counts(lengths, noise_density: float, mean_span_length: float):
    """Returns how many tokens of a text to hide, and in how many spans.

    Args:
        lengths: Integer array, numbers of tokens of texts.
        noise_density: Share of the tokens to hide, in [0, 1].
        mean_span_length: Mean length of a hidden span in tokens.

    Returns:
        A tuple of integer arrays of the shape of `lengths`.

    Example:
        >>> noise, spans = noise_counts(np.array([1, 2, 100]), 0.15, 3.0)
        >>> noise.tolist(), spans.tolist()
        ([0, 1, 15], [0, 1, 5])
    """
    noise = np.round(lengths * noise_density).astype(int)
    if 0 < noise_density < 1:
        noise = np.minimum(np.maximum(noise, 1), np.maximum(lengths - 1, 0))
    spans = np.round(noise / mean_span_length).astype(int)
    # Spans do not touch each other.
    most = np.minimum(noise, lengths - noise + 1)
    return noise, np.minimum(np.maximum(spans, 1), most)


def _side_by_side(left, right):
    """Returns (batch, 2 * time): left and right value of each place in turn."""
    pairs = tf.stack([left, right], -1)
    return tf.reshape(pairs, [-1, 2 * left.shape[1]])


def _check_arguments(noise_density, mean_span_length):
    check_number("noise_density", noise_density, least=0, most=1)
    check_number("mean_span_length", mean_span_length, least=1)


def _checked_sentinels(sentinels):
    """Returns a number of sentinels, or a list of their ids."""
    if isinstance(sentinels, str) or not isinstance(sentinels, Iterable):
        check_integer("sentinels", sentinels, least=1)
        return sentinels
    ids = [int(i) if isinstance(i, np.integer) else i for i in sentinels]
    for sentinel in ids:
        check_integer("sentinels", sentinel, least=0)
    return ids
