"""Where a text too long for its row is read, and windows over joined texts."""

import tensorflow as tf

from kerassl.errors import InvalidValue


def first_place(room, offset):
    """Returns where to begin to read, of the places that leave the row full.

    Args:
        room: Integer tensor (batch, 1), tokens of a text beyond its row, 0 or more.
        offset: Float tensor (batch, 1), or a number, in [0, 1): the share of the
            places to pass over.

    Returns:
        Tensor of the shape and dtype of `room`, from 0 to `room`, each as likely as
        the others where `offset` is drawn evenly.

    Example:
        >>> first_place(tf.constant([[0], [3]]), tf.constant([[0.9], [0.5]])).numpy()
        array([[0],
               [2]], dtype=int32)
    """
    share = offset * tf.cast(room + 1, tf.float32)
    # float32 rounds an offset just below 1 up.
    return tf.minimum(tf.cast(share, room.dtype), room)


def window_of(inputs, sequence_length):
    """Returns the token ids and the document numbers of windows.

    Args:
        inputs: Dict of integer tensors `"token_ids"` and `"segment_ids"`, such as
            `kerassl.data.TokenShards` gives.
        sequence_length: Tokens that a window asks for; it holds one more, the first
            of the next window.

    Returns:
        Two int32 tensors (batch, sequence_length + 1).

    Raises:
        ValueError: If the windows are of another length.

    Example:
        >>> ids = tf.constant([[5, 6, 7]])
        >>> tokens, documents = window_of({"token_ids": ids, "segment_ids": ids}, 2)
        >>> tokens.shape
        TensorShape([1, 3])
    """
    parts, length = [inputs["token_ids"], inputs["segment_ids"]], sequence_length + 1
    if any(part.shape[1] != length for part in parts):
        raise InvalidValue(
            "`inputs` must be windows of `sequence_length` + 1 tokens, (batch, "
            f"{length}). Received shapes: {[tuple(p.shape) for p in parts]}"
        )
    return [tf.cast(part, tf.int32) for part in parts]
