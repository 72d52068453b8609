"""Whether a text encoder can take the rows that a pretext layer makes."""

from kerassl.encoders.token_embedding import token_embedding_of
from kerassl.errors import InvalidValue


def check_token_sizes(encoder, pretext):
    """Raises where a pretext layer's token ids or rows are larger than the encoder's.

    Encoders and pretext layers of other modalities pass.

    Args:
        encoder: A `keras.Model`; a text backbone has a `token_embedding`.
        pretext: A `PretextLayer`; one for text has a `tokenizer`, and a
            `vocabulary_size` where it has token ids beside the tokenizer's.

    Raises:
        ValueError: If there are more token ids than the encoder has
            embeddings, or rows are longer than the encoder takes.
    """
    # An id without an embedding would give zeros or NaN, not an error.
    tokenizer = getattr(pretext, "tokenizer", None)
    rows = getattr(token_embedding_of(encoder), "input_dim", None)
    if tokenizer is not None and rows is not None:
        needed = getattr(pretext, "vocabulary_size", tokenizer.vocabulary_size())
        if needed > rows:
            raise InvalidValue(
                "`encoder` must have an embedding for every token id: expected at "
                f"least {needed}. Received: {rows}"
            )
    length = getattr(pretext, "sequence_length", None)
    longest = getattr(encoder, "max_sequence_length", None)
    if length is not None and longest is not None and length > longest:
        raise InvalidValue(
            "`sequence_length` of the pretext layer must be at most the "
            f"encoder's `max_sequence_length`, {longest}. Received: {length}"
        )
