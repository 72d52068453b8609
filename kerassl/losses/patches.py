"""Contrast between what is predicted of a patch and what all patches are."""

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_integer
from kerassl.errors import InvalidValue


def patch_info_nce(predictions, keys, step: int, offset=0):
    """Returns the InfoNCE loss of patches predicted from rows above them (CPC).

    A prediction made at row r is to find the patch `step` rows below, in the same
    column, among all patches of all images: those of the same image too.

    Args:
        predictions: Float tensor (batch, rows - step, columns, dim), those made at
            each row that has another so far below.
        keys: Float tensor (global_batch, rows, columns, dim), what all patches are.
            Scores are inner products; lengths count.
        step: How far below the predicted patch lies, 1 or more rows.
        offset: Position of the first image of `predictions` in `keys`, integer or
            scalar integer tensor.

    Returns:
        Float32 tensor (batch, rows - step, columns) in nats.

    Raises:
        ValueError: If the shapes do not fit or `step` is no positive integer.

    Example:
        >>> keys = ops.reshape(ops.eye(4), (1, 4, 1, 4))
        >>> losses = patch_info_nce(9.0 * keys[:, 2:], keys, step=2)
        >>> [round(float(v), 3) for v in ops.ravel(losses)]
        [0.0, 0.0]

    References:
        van den Oord et al., 2018, eq. 4, https://arxiv.org/abs/1807.03748
        Hénaff et al., 2020, eq. 2, https://arxiv.org/abs/1905.09272
    """
    logits, right = patch_logits(predictions, keys, step, offset)
    losses = keras.losses.sparse_categorical_crossentropy(
        right, logits, from_logits=True
    )
    return ops.reshape(losses, ops.shape(predictions)[:-1])


def patch_logits(predictions, keys, step: int, offset=0):
    """Returns the scores behind `patch_info_nce`, and where the right ones lie.

    Args:
        predictions: As in `patch_info_nce`.
        keys: As there.
        step: As there.
        offset: As there.

    Returns:
        Tuple of `logits`, float32 tensor (predictions, global_batch * rows *
        columns), and int32 tensor (predictions,), the column of each right one.

    Raises:
        ValueError: As there.

    Example:
        >>> keys = ops.ones((2, 3, 3, 4))
        >>> logits, right = patch_logits(keys[1:, 2:], keys, step=2, offset=1)
        >>> tuple(logits.shape), ops.convert_to_numpy(right).tolist()
        ((3, 18), [15, 16, 17])
    """
    check_integer("step", step, least=1)
    shapes = tuple(predictions.shape), tuple(keys.shape)
    fits = len(shapes[0]) == len(shapes[1]) == 4 and (
        shapes[0][1:] == (shapes[1][1] - step, *shapes[1][2:])
    )
    if not fits or shapes[0][1] < 1:
        raise InvalidValue(
            "`predictions` must have the shape (batch, rows - step, columns, dim), and "
            "`keys` (global_batch, rows, columns, dim). Received: "
            f"{shapes[0]} and {shapes[1]} with step={step}"
        )
    distribute.check_finite(predictions=predictions, keys=keys)
    _, rows, columns, dim = shapes[1]
    flat = [
        ops.reshape(ops.cast(part, "float32"), (-1, dim))
        for part in (predictions, keys)
    ]
    logits = ops.matmul(flat[0], ops.transpose(flat[1]))
    # Of the first image, from row `step` on; then of each that follows.
    inside = ops.arange(step * columns, rows * columns, dtype="int32")
    images = ops.arange(ops.shape(predictions)[0], dtype="int32")
    images = (images + ops.cast(offset, "int32")) * (rows * columns)
    return logits, ops.reshape(images[:, None] + inside[None], (-1,))
