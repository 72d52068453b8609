"""Texts as rows of token ids between a start and an end token."""

import tensorflow as tf

from kerassl.checks import check_integer
from kerassl.errors import InvalidValue
from kerassl.tokenizers.tokenizing import tokenize_function
from kerassl.tokenizers.windows import first_place

# Of a row; longer ones do not fit in any encoder, only in the memory of none.
MOST_TOKENS = 1 << 20
UNKNOWN = ("[UNK]", "<unk>")


class TokenRows:
    """Packs texts, or token ids, into rows of one length for a text encoder.

    Text pretext layers share it: it finds the special tokens, tokenises in
    batches and sets rows together. `inputs` are texts, a string tensor
    (batch,); or token ids without special tokens, an integer tensor (batch,
    time) padded with the tokenizer's padding id, or a `tf.RaggedTensor`; or
    windows, a dict as of `kerassl.data.TokenShards`, whose tokens are taken
    without the marks between documents.

    Args:
        tokenizer: A KerasHub tokenizer, or None: then an error comes where
            data arrives.
        sequence_length: Tokens in a row, start and end included, above 2.
        needs: Special tokens that the tokenizer must have.

    Raises:
        ValueError: If `sequence_length` is out of range.

    Example:
        >>> from kerassl.data import train_tokenizer
        >>> tokenizer = train_tokenizer(["a cat"], vocabulary_size=12)
        >>> rows = TokenRows(tokenizer, sequence_length=6)
        >>> rows.prepare(tf.constant(["a cat"]))["padding_mask"].numpy().tolist()
        [[1, 1, 1, 1, 0, 0]]
    """

    def __init__(self, tokenizer, sequence_length, needs=("start", "end", "pad")):
        # Of three: a token between start and end.
        check_integer("sequence_length", sequence_length, least=3, most=MOST_TOKENS)
        self.tokenizer = tokenizer
        self.sequence_length = sequence_length
        self.needs = needs
        self._tokenize = tokenize_function(tokenizer)

    def special_ids(self) -> dict[str, int | None]:
        """Returns the ids of the special tokens and the unknown one, by use.

        Raises:
            ValueError: If there is no tokenizer, or it lacks a token.
        """
        tokenizer = self.tokenizer
        if tokenizer is None:
            raise InvalidValue(
                "A `tokenizer` is needed to read texts. Train one on your texts with "
                "`kerassl.data.train_tokenizer(texts)`, load one with "
                "`kerassl.data.load_tokenizer(folder)`, or take the one of a "
                "pretrained encoder with `kerassl.encoders.from_preset(name)`. "
                "Received: tokenizer=None"
            )
        ids = {use: getattr(tokenizer, f"{use}_token_id", None) for use in self.needs}
        absent = [use for use, token_id in ids.items() if token_id is None]
        if absent:
            raise InvalidValue(
                f"`tokenizer` must have {', '.join(self.needs)} tokens. Received a "
                f"{type(tokenizer).__name__} without: {', '.join(absent)}"
            )
        return {**ids, "unknown": _unknown_id(tokenizer)}

    def prepare(self, inputs):
        """Returns the encoder inputs of a batch, each row read from its start.

        Args:
            inputs: As for the class.

        Returns:
            A dict of int32 tensors `"token_ids"`, `"padding_mask"` and
            `"segment_ids"`, each (batch, sequence_length).
        """
        tokens = self.tokens(inputs)
        rows = static_rows(inputs) or tokens.nrows()
        return self.pack(tokens, tf.zeros([rows, 1]))

    def tokens(self, inputs) -> tf.RaggedTensor:
        """Returns the token ids of each row, without special tokens.

        Args:
            inputs: As for the class.

        Raises:
            ValueError: If the inputs are neither texts nor token ids.
        """
        special = self.special_ids()
        if isinstance(inputs, dict):
            # The last token of a window is the first of the next.
            inputs = inputs["token_ids"][:, :-1]
        if not isinstance(inputs, tf.RaggedTensor):
            inputs = tf.convert_to_tensor(inputs)
        if inputs.dtype == tf.string:
            if inputs.shape.rank != 1:
                raise InvalidValue(
                    "`inputs` must be a vector of texts (batch,). Received shape: "
                    f"{inputs.shape}"
                )
            return self._tokenize(inputs)
        if not inputs.dtype.is_integer or inputs.shape.rank != 2:
            raise InvalidValue(
                "`inputs` must be texts (batch,) or integer token ids (batch, time). "
                f"Received dtype {inputs.dtype.name} and shape {inputs.shape}"
            )
        inputs = tf.cast(inputs, tf.int32)
        if not isinstance(inputs, tf.RaggedTensor):
            inputs = tf.RaggedTensor.from_tensor(inputs)
        ids, keep = inputs.flat_values, True
        for use in ("pad", "start", "end"):
            keep = keep & (ids != special[use])
        return tf.ragged.boolean_mask(inputs, inputs.with_flat_values(keep))

    def pack(self, tokens, offset):
        """Returns encoder inputs of token ids.

        Args:
            tokens: `tf.RaggedTensor` (batch, None), as `tokens` gives.
            offset: Float tensor (batch, 1) in [0, 1): where to begin to read
                a text too long for its row, as a share of what is left out.

        Returns:
            As `prepare`.
        """
        special = self.special_ids()
        columns = tf.range(self.sequence_length, dtype=tokens.row_splits.dtype)
        lengths = tokens.row_lengths()[:, None]  # (batch, 1)
        taken = tf.minimum(lengths, self.sequence_length - 2)
        room = lengths - taken
        start = first_place(room, offset)
        # Column 0 is the start token, so column c reads token start + c - 1.
        where = tokens.row_starts()[:, None] + start + columns - 1
        is_token = (columns >= 1) & (columns <= taken)
        values = tf.concat([tokens.flat_values, [special["pad"]]], 0)
        token_ids = tf.gather(values, tf.where(is_token, where, 0))
        token_ids = tf.where(is_token, token_ids, special["pad"])
        token_ids = tf.where(columns == 0, special["start"], token_ids)
        token_ids = tf.where(columns == taken + 1, special["end"], token_ids)
        token_ids = tf.ensure_shape(token_ids, [offset.shape[0], self.sequence_length])
        mask = tf.cast(columns <= taken + 1, tf.int32)
        return {
            "token_ids": token_ids,
            "padding_mask": tf.ensure_shape(mask, token_ids.shape),
            "segment_ids": tf.zeros_like(token_ids),
        }


def check_rows(inputs, tokenizer):
    """Raises unless a batch holds texts, token ids, or windows of token ids.

    In a graph the ids are not known, and not looked at.

    Args:
        inputs: A batch of raw examples.
        tokenizer: The tokenizer that the ids must be of, or None.

    Raises:
        ValueError: If it holds something else.
    """
    if isinstance(inputs, dict):
        if "token_ids" not in inputs:
            raise InvalidValue(
                "`inputs` must be texts, token ids or windows of them. Received a dict "
                f"with {sorted(map(str, inputs))}: give one of these."
            )
        inputs = inputs["token_ids"]
        if getattr(inputs, "dtype", None) == tf.string or len(inputs.shape) != 2:
            raise InvalidValue(
                "`inputs` must be windows of token ids, (batch, time). Received under "
                f"'token_ids' {inputs.dtype.name} of shape {tuple(inputs.shape)}"
            )
    if tokenizer is None or not tf.executing_eagerly():
        return
    ids = getattr(inputs, "flat_values", inputs)
    if not hasattr(ids, "numpy") or not ids.dtype.is_integer or not tf.size(ids):
        return
    size, low, high = (
        tokenizer.vocabulary_size(),
        tf.reduce_min(ids),
        tf.reduce_max(ids),
    )
    if low < 0 or high >= size:
        raise InvalidValue(
            f"`inputs` must be ids of the tokenizer, from 0 to {size - 1}. Received "
            f"token ids from {int(low)} to {int(high)}"
        )


def static_rows(inputs) -> int | None:
    """Returns the number of rows where it is known before the data.

    Args:
        inputs: A batch of texts, token ids or windows.
    """
    if isinstance(inputs, dict):
        inputs = inputs["token_ids"]
    return inputs.shape[0] if hasattr(inputs, "shape") else len(inputs)


def first_rows(inputs, count: int):
    """Returns the first rows of a batch, such as to draw them.

    Args:
        inputs: A batch of texts, token ids or windows.
        count: How many, at most.
    """
    if isinstance(inputs, dict):
        return {name: part[:count] for name, part in inputs.items()}
    return inputs[:count]


def _unknown_id(tokenizer) -> int | None:
    vocabulary = tokenizer.get_vocabulary()
    for token in (getattr(tokenizer, "oov_token", None), *UNKNOWN):
        if token is not None and token in vocabulary:
            return tokenizer.token_to_id(token)
    return None
