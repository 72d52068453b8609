"""Masked language modelling: hide tokens, and ask for them back."""

import math
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from kerassl.checks import check_integer, check_number
from kerassl.errors import InvalidType, InvalidValue
from kerassl.pictures import Mark, token_figure
from kerassl.pretext.text.base import TextPretextLayer
from kerassl.pretext.text.token_spans import choose, spans_of
from kerassl.tokenizers.gaps import check_has_gaps, padded, rows_of
from kerassl.tokenizers.token_rows import TokenRows, first_rows, static_rows
from kerassl.tokenizers.vocabulary import ordinary_ids
from kerassl.tokenizers.word_starts import word_starts

# Of a span; longer ones are no setting of any paper.
MOST_UNITS = 64
# How the figure draws tokens.
MARKS = {
    "masked": Mark("hidden behind the mask", "#c0392b"),
    "random": Mark("replaced by a random token", "#d9a514", "black"),
    "kept": Mark("kept, but asked for", "#27ae60"),
}


@keras.saving.register_keras_serializable(package="kerassl")
class MaskedTokens(TextPretextLayer):
    """Hides 15 % of the tokens of each text and asks for them back (BERT).

    A batch of texts is tokenised, cut to `sequence_length` and given start
    and end tokens. Of the ordinary tokens in each row a share of `mask_rate`
    is chosen, a new choice for every seed. A chosen token is replaced by the
    mask token (80 %), by a random ordinary token (10 %), or left as it is
    (10 %). Special tokens and the unknown token are neither chosen nor
    inserted. A row with at least one ordinary token gets at least one mask.

    Instead of single tokens, whole words may be chosen (`whole_words`), and spans of
    several tokens or words (`span_shares`), at the same rate: RoBERTa's single tokens,
    BERT's whole words, UniLM's n-grams and SpanBERT's spans are settings of this
    layer. The share of chosen tokens is the same for all of them. A whole word is
    never cut: one of more tokens than are left to choose is passed over, so a row of
    such words alone has no mask. A span is cut where its row has enough, and passes
    over an unknown token without choosing it. The tokens of a span get the same
    treatment, all of them the mask token, random ones or themselves; those of a single
    word each their own, as in BERT's code.

    A document longer than `sequence_length` is read from an offset drawn
    from the seed, so that over the epochs all of it is seen; nothing has to
    be cut beforehand. `prepare` always reads from the start.

    Call arguments:
        inputs: Texts, a string tensor (batch,); or token ids without special
            tokens, an integer tensor (batch, time) padded with the
            tokenizer's padding id, or a `tf.RaggedTensor` of them; or windows
            over joined documents, as `kerassl.data.TokenShards` gives.
        seed: Integer tensor of shape (2,).

    Returns:
        A tuple `(x, y, sample_weight)`:
            x: dict of int32 tensors: `"token_ids"`, `"padding_mask"` and
                `"segment_ids"`, each (batch, sequence_length), and
                `"mask_positions"` (batch, mask_slots).
            y: int32 tensor (batch, mask_slots), the original token ids, 0 in
                empty slots.
            sample_weight: float32 tensor (batch, mask_slots), 1 in used
                slots and 0 in empty ones.

    Args:
        tokenizer: A KerasHub tokenizer with start, end, padding and mask
            tokens, such as `kerassl.data.train_tokenizer` gives.
        sequence_length: Tokens in a row, start and end included, above 2.
        mask_rate: Share of the ordinary tokens to choose, in (0, 1].
        mask_token_rate: Share of the chosen that become the mask token.
        random_token_rate: Share of the chosen that become a random token.
        mask_slots: Number of slots in a row. None makes it just large enough
            for a full row; with fewer, fewer tokens are chosen.
        whole_words: Whether to choose whole words rather than tokens. Where a word
            begins is read off the tokenizer.
        span_shares: Relative frequencies of spans of 1, 2, 3 ... tokens, or words
            where `whole_words`; None for single ones. UniLM's are `[0.8, 0.1, 0.1]`,
            SpanBERT's `[0.2 * 0.8**n for n in range(10)]`, with whole words.
        name: Layer name.
        **kwargs: Further arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If an argument is out of range, the tokenizer lacks one of
            the special tokens, or there is no tokenizer when data arrives.

    Example:
        >>> from kerassl.data import train_tokenizer
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"]
        >>> tokenizer = train_tokenizer(texts, vocabulary_size=30)
        >>> pretext = MaskedTokens(tokenizer, sequence_length=16)
        >>> x, y, weight = pretext(tf.constant(texts), tf.constant([0, 1]))
        >>> x["token_ids"].shape, y.shape
        (TensorShape([2, 16]), TensorShape([2, 3]))

    References:
        Devlin et al., 2018, section 3.1, https://arxiv.org/abs/1810.04805;
        Liu et al., 2019, https://arxiv.org/abs/1907.11692 (a new choice each time);
        Joshi et al., 2019, section 3.1, https://arxiv.org/abs/1907.10529 (spans)
    """

    def __init__(
        self,
        tokenizer=None,
        sequence_length: int = 128,
        mask_rate: float = 0.15,
        mask_token_rate: float = 0.8,
        random_token_rate: float = 0.1,
        mask_slots: int | None = None,
        whole_words: bool = False,
        span_shares: Sequence[float] | None = None,
        *,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        # Checks the length too, which the check of the slots takes for granted.
        self._rows = TokenRows(
            tokenizer, sequence_length, needs=("start", "end", "pad", "mask")
        )
        _check_arguments(
            sequence_length, mask_rate, mask_token_rate, random_token_rate, mask_slots
        )
        _check_spans(whole_words, span_shares)
        self.tokenizer = tokenizer
        self.sequence_length = sequence_length
        self.mask_rate = mask_rate
        self.mask_token_rate = mask_token_rate
        self.random_token_rate = random_token_rate
        self.mask_slots = mask_slots
        self.whole_words = whole_words
        self.span_shares = None if span_shares is None else [*map(float, span_shares)]

    @property
    def num_slots(self) -> int:
        """Number of mask slots in a row."""
        if self.mask_slots is not None:
            return self.mask_slots
        return math.ceil(self.mask_rate * (self.sequence_length - 2))

    def call(self, inputs, seed):
        special = self._rows.special_ids()
        tokens = self._rows.tokens(inputs)
        # The tokenizer forgets a batch size that is known in the graph.
        rows, slots = static_rows(inputs) or tokens.nrows(), self.num_slots
        # All random numbers of the batch in one draw: a column for the
        # offset, one for rounding, then the choices and the replacements.
        length = self.sequence_length
        sizes = [1, 1, length, slots, slots]
        sizes += [length, length] if self.span_shares else []
        random = tf.random.stateless_uniform([rows, sum(sizes)], seed)
        offset, rounding, choice, action, substitute, *of_spans = tf.split(
            random, sizes, axis=1
        )
        x = self._rows.pack(tokens, offset)
        token_ids = x["token_ids"]
        if self.whole_words or self.span_shares:
            positions, used, action = self._choose_spans(
                token_ids, special, choice, rounding, action, *of_spans
            )
        else:
            positions, used = self._choose(token_ids, special, choice, rounding)
        original = tf.gather(token_ids, positions, batch_dims=1)
        ordinary = ordinary_ids(self.tokenizer, special)
        drawn = tf.cast(substitute * len(ordinary), tf.int32)
        # float32 rounds a draw just below 1 up to the length of the table.
        drawn = tf.gather(ordinary, tf.minimum(drawn, len(ordinary) - 1))
        shown = tf.where(action < self.mask_token_rate, special["mask"], original)
        replace = self.mask_token_rate + self.random_token_rate
        is_random = (action >= self.mask_token_rate) & (action < replace)
        shown = tf.where(used & is_random, drawn, tf.where(used, shown, original))
        x["token_ids"] = self._scatter(token_ids, positions, shown)
        x["mask_positions"] = positions
        weight = tf.cast(used, tf.float32)
        return x, tf.where(used, original, 0), weight

    def prepare(self, inputs):
        """Returns the encoder inputs of a batch, with nothing hidden.

        Args:
            inputs: As for a call.

        Returns:
            A dict of int32 tensors `"token_ids"`, `"padding_mask"` and
            `"segment_ids"`, each (batch, sequence_length).
        """
        return self._rows.prepare(inputs)

    def ask(self, prompts):
        """Returns what the encoder reads of prompts with gaps, a mask for each gap.

        Args:
            prompts: List of strings with one or more
                `kerassl.tokenizers.gaps.GAP`, each for one token.

        Returns:
            Dict of int32 arrays as of a call's x, (batch, time) and (batch, slots),
            as wide as the longest prompt and the one with most gaps need.

        Raises:
            ValueError: If a prompt has no gap, is too long, or is not known to the
                tokenizer.
        """
        check_has_gaps(prompts)
        special = self._rows.special_ids()
        most = self.sequence_length - 2
        masks = [special["mask"]] * most
        rows = rows_of(prompts, self._rows.tokens, most, special["unknown"], masks)
        rows = [[special["start"], *row, special["end"]] for row in rows]
        places = [np.flatnonzero(np.equal(row, masks[0])) for row in rows]
        token_ids = padded(rows, special["pad"])
        return {
            "token_ids": token_ids,
            "padding_mask": padded([[1] * len(row) for row in rows], 0),
            "segment_ids": np.zeros_like(token_ids),
            "mask_positions": padded(places, 0),
        }

    def draw(self, inputs, seed):
        """Returns a figure of the texts with their hidden tokens coloured.

        Args:
            inputs: As for a call; the first rows are shown.
            seed: Integer tensor of shape (2,).

        Returns:
            A `matplotlib.figure.Figure`.
        """
        return token_figure(self._annotate(first_rows(inputs, 6), seed), MARKS)

    def to_text(self, inputs, seed) -> str:
        """Returns the texts with hidden tokens marked, as rich markup.

        Args:
            inputs: As for a call.
            seed: Integer tensor of shape (2,).

        Returns:
            One paragraph a row, for `rich.print`; a hidden token is followed
            by its target in brackets.
        """
        from rich.markup import escape

        styles = {"masked": "bold white on red", "random": "black on yellow"}
        styles["kept"] = "black on green"
        paragraphs = []
        for row in self._annotate(inputs, seed):
            words = [
                escape(text)
                if kind == "plain"
                else f"[{styles[kind]}]{escape(text)}[/] [dim]({escape(target)})[/dim]"
                for text, kind, target in row
            ]
            paragraphs.append(" ".join(words))
        return "\n\n".join(paragraphs)

    def get_config(self):
        return {
            **super().get_config(),
            "mask_rate": self.mask_rate,
            "mask_token_rate": self.mask_token_rate,
            "random_token_rate": self.random_token_rate,
            "mask_slots": self.mask_slots,
            "whole_words": self.whole_words,
            "span_shares": self.span_shares,
        }

    def _choose(self, token_ids, special, choice, rounding):
        """Returns (positions, used), each (batch, slots), of the masks."""
        ordinary, wanted = self._wanted(token_ids, special, rounding)
        _, positions = tf.math.top_k(tf.where(ordinary, choice, -1.0), self.num_slots)
        used = tf.range(self.num_slots, dtype=tf.float32) < wanted
        return tf.where(used, positions, 0), used

    def _choose_spans(
        self, token_ids, special, choice, rounding, action, lengths=None, actions=None
    ):
        """Returns (positions, used, action) of masks over words or spans."""
        ordinary, wanted = self._wanted(token_ids, special, rounding)
        starts = tf.ones_like(ordinary)
        if self.whole_words:
            follows = tf.pad(ordinary[:, :-1], [[0, 0], [1, 0]])
            starts = tf.gather(word_starts(self.tokenizer), token_ids)
            starts = starts | ~ordinary | ~follows
        # The start token is no unit, else the first span would be shorter for it.
        starts = starts & (tf.range(self.sequence_length) > 0)
        units, spans = spans_of(starts, self.span_shares, lengths)
        wanted = tf.minimum(wanted, float(self.num_slots))
        chosen = choose(ordinary, units, spans, choice, wanted, self.whole_words)
        # Of equals the first come first.
        found, positions = tf.math.top_k(tf.cast(chosen, tf.int32), self.num_slots)
        used = found > 0
        positions = tf.where(used, positions, 0)
        if actions is not None:
            of_slots = tf.gather(spans, positions, batch_dims=1)
            action = tf.gather(actions, of_slots, batch_dims=1)
        return positions, used, action

    def _wanted(self, token_ids, special, rounding):
        """Returns which tokens may be hidden, and how many are to be, in each row."""
        table = np.zeros(self.tokenizer.vocabulary_size(), bool)
        table[ordinary_ids(self.tokenizer, special)] = True
        ordinary = tf.gather(table, token_ids)  # (batch, sequence_length)
        count = tf.reduce_sum(tf.cast(ordinary, tf.float32), 1, keepdims=True)
        # Rounded up or down at random, so that short rows keep the rate too.
        wanted = tf.floor(self.mask_rate * count + rounding)
        return ordinary, tf.minimum(tf.maximum(wanted, 1.0), count)

    def _scatter(self, token_ids, positions, shown):
        # Empty slots all write the start token to position 0, where it is.
        rows = tf.range(tf.shape(positions)[0])[:, None]
        rows = tf.broadcast_to(rows, tf.shape(positions))
        where = tf.stack([rows, positions], -1)  # (batch, slots, 2)
        return tf.tensor_scatter_nd_update(token_ids, where, shown)

    def _annotate(self, inputs, seed):
        """Returns rows of (text, kind, target), one per token without padding."""
        x, y, weight = self(inputs, seed)
        x, y = {k: v.numpy() for k, v in x.items()}, y.numpy()
        mask_id, rows = self._rows.special_ids()["mask"], []
        name = self.tokenizer.id_to_token
        for row, length in enumerate(x["padding_mask"].sum(1)):
            used = weight.numpy()[row] > 0
            positions = x["mask_positions"][row][used]
            targets = dict(zip(positions, y[row][used], strict=True))
            rows.append([])
            for position, token in enumerate(x["token_ids"][row, :length]):
                kind, target = "plain", ""
                if position in targets:
                    target = name(int(targets[position]))
                    kept = "kept" if token == targets[position] else "random"
                    kind = "masked" if token == mask_id else kept
                rows[-1].append((name(int(token)), kind, target))
        return rows


def _check_arguments(sequence_length, mask_rate, mask_token_rate, random_rate, slots):
    check_number("mask_rate", mask_rate, above=0, most=1)
    check_number("mask_token_rate", mask_token_rate, least=0, most=1)
    check_number("random_token_rate", random_rate, least=0, most=1)
    if mask_token_rate + random_rate > 1:
        raise InvalidValue(
            "`mask_token_rate` and `random_token_rate` must be together at most 1. "
            f"Received: {mask_token_rate} and {random_rate}"
        )
    if slots is not None:
        check_integer("mask_slots", slots, least=1)
        if slots > sequence_length - 2:
            raise InvalidValue(
                "`mask_slots` must be between 1 and `sequence_length` - 2 = "
                f"{sequence_length - 2}. Received: {slots}"
            )


def _check_spans(whole_words, shares):
    if not isinstance(whole_words, bool):
        raise InvalidType(f"`whole_words` must be a bool. Received: {whole_words!r}")
    if shares is None:
        return
    if isinstance(shares, str) or not isinstance(shares, Sequence):
        raise InvalidType(
            "`span_shares` must be a list of numbers, how frequent spans of 1, 2, 3 "
            f"... tokens are, or None. Received: {shares!r}"
        )
    if len(shares) > MOST_UNITS:
        raise InvalidValue(
            f"`span_shares` must have at most {MOST_UNITS} numbers. Received: "
            f"{len(shares)}"
        )
    for share in shares:
        check_number("span_shares", share, least=0)
    if not sum(shares) > 0:
        raise InvalidValue(
            f"`span_shares` must hold a number above 0. Received: {shares!r}"
        )
