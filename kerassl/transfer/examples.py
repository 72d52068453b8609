"""Labelled examples: encoder inputs, in memory or made by and by, and their labels."""

import copy

import keras
import numpy as np

from kerassl.data.dataset import check_examples, prepared_at
from kerassl.errors import InvalidValue

# Prepared examples that take up to so many bytes are made once and kept.
KEPT_BYTES = 1 << 28


class PreparedExamples:
    """The encoder inputs that a pretext layer makes of a source, made by and by.

    They stand wherever `kerassl.transfer` takes encoder inputs as arrays. Where all
    of them need little memory they are made once; else a batch is made when it is
    read, and made anew when it is read again.

    Args:
        source: A `kerassl.data.Source` with random access.
        pretext: The `PretextLayer` whose `prepare` makes them.
        kept_bytes: How much memory is little.

    Raises:
        ValueError: If the pretext layer cannot take the examples.

    Example:
        >>> from kerassl.data import ArraySource
        >>> from kerassl.pretext import Reconstruct
        >>> images = np.zeros((5, 8, 8, 1), "uint8")
        >>> x = PreparedExamples(ArraySource(images), Reconstruct())
        >>> [len(batch) for batch in batches(x[[4, 0, 2]], 2)]
        [2, 1]
    """

    def __init__(self, source, pretext, *, kept_bytes=KEPT_BYTES):
        check_examples(source, pretext)
        self._source, self._pretext, self._kept = source, pretext, None
        self._positions = np.arange(len(source))
        first = next(self[:1].batches(1))
        if _bytes(first) * len(self) <= kept_bytes:
            self._kept = keras.tree.map_structure(
                lambda *parts: np.concatenate(parts), *self._made(256)
            )

    def __len__(self):
        return len(self._positions)

    def __getitem__(self, chosen):
        """Returns some of the examples: a slice of them, or those at positions."""
        part = copy.copy(self)
        part._positions = self._positions[chosen]
        return part

    def batches(self, batch_size):
        """Yields NumPy arrays of `batch_size` examples; the last holds what is left."""
        if self._kept is None:
            yield from self._made(batch_size)
            return
        for start in range(0, len(self), batch_size):
            yield take(self._kept, self._positions[start : start + batch_size])

    def _made(self, batch_size):
        import tensorflow as tf

        positions = tf.data.Dataset.from_tensor_slices(self._positions)
        made = prepared_at(positions, self._source, self._pretext, batch_size)
        for batch in made.as_numpy_iterator():
            for part in keras.tree.flatten(batch):
                _check_rows("source", part)
            yield batch


def _bytes(arrays):
    return sum(part.nbytes for part in keras.tree.flatten(arrays))


def batches(x, batch_size: int):
    """Yields encoder inputs as arrays, `batch_size` at a time.

    Args:
        x: An array, a dict of arrays, or `PreparedExamples`.
        batch_size: Examples at a time; the last time what is left.

    Example:
        >>> [len(batch) for batch in batches(np.zeros(5), 2)]
        [2, 2, 1]
    """
    if isinstance(x, PreparedExamples):
        yield from x.batches(batch_size)
        return
    for start in range(0, len(keras.tree.flatten(x)[0]), batch_size):
        yield take(x, slice(start, start + batch_size))


def labelled(pair, name: str):
    """Returns a checked pair (x, y).

    Args:
        pair: (x, y), x an array or a dict of arrays with the examples first, a
            matrix of scipy, or `PreparedExamples`, y a vector of integer or string
            labels.
        name: The argument's name, for the error.

    Returns:
        (x of NumPy arrays, in row form or as it was prepared, y as a NumPy vector).

    Raises:
        ValueError: If it is no such pair, is empty, holds NaN, or the lengths differ.
    """
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise InvalidValue(
            f"`{name}` must be a pair (x, y). Received: {type(pair).__name__}"
        )
    x, y = pair[0], np.asarray(pair[1])
    if not isinstance(x, PreparedExamples):
        x = keras.tree.map_structure(as_rows, x)
        for part in keras.tree.flatten(x):
            _check_rows(name, part)
    lengths = {count(part) for part in keras.tree.flatten(x)}
    if y.ndim != 1 or len(y) == 0 or y.dtype.kind not in "iuUSO":
        raise InvalidValue(
            f"`{name}` must hold a vector of integer or string labels. Received "
            f"labels of shape {y.shape} and dtype {y.dtype}"
        )
    if lengths != {len(y)}:
        raise InvalidValue(
            f"`{name}` must hold as many examples as labels. Received "
            f"{sorted(lengths)} examples and {len(y)} labels"
        )
    return x, y


def as_rows(part):
    """Returns an array, or a sparse matrix of scipy in row form.

    Example:
        >>> as_rows([[1, 0]]).shape
        (1, 2)
    """
    from scipy import sparse

    return sparse.csr_matrix(part) if sparse.issparse(part) else np.asarray(part)


def count(x) -> int:
    """Returns the number of examples of encoder inputs or of features.

    Example:
        >>> count({"token_ids": np.zeros((3, 5))})
        3
    """
    part = keras.tree.flatten(x)[0]
    return part.shape[0] if hasattr(part, "shape") else len(part)


def _check_rows(name, part):
    values = part if isinstance(part, np.ndarray) else part.data
    if part.ndim == 0 or (part.dtype.kind == "f" and not np.isfinite(values).all()):
        raise InvalidValue(
            f"`{name}` must hold arrays of finite numbers, one row an example. "
            f"Received one of shape {part.shape} and dtype {part.dtype}"
        )


def check_task(encoder, train):
    """Raises unless an encoder takes examples, and there are classes to tell apart.

    Args:
        encoder: A `keras.Model`; of several inputs nothing is known.
        train: (x, y), as `labelled` gives it.

    Raises:
        ValueError: If it does not, or all labels are one.
    """
    x, y = train
    x = next(batches(x, 1))
    taken = getattr(encoder, "input_shape", None)
    if isinstance(taken, tuple) and hasattr(x, "shape"):
        sizes = zip(taken[1:], x.shape[1:], strict=False)
        if len(taken) != x.ndim or any(a not in (None, b) for a, b in sizes):
            raise InvalidValue(
                f"`train` must hold examples of shape {taken[1:]}, which the encoder "
                f"takes. Received: {x.shape[1:]}"
            )
    if len(np.unique(y)) < 2:
        raise InvalidValue(
            f"`train` must hold two classes or more. Received one: {y[0]!r}"
        )


def take(x, indices):
    """Returns the examples of `x` at `indices`, in the same structure."""
    return keras.tree.map_structure(lambda part: part[indices], x)


def draw_labels(y, per_class: int | None, seed: int):
    """Returns the positions of a stratified draw, in random order.

    A larger draw with the same seed contains the smaller one.

    Args:
        y: Vector of labels.
        per_class: Examples of each class, or None for all. A class with fewer
            gives all it has.
        seed: Integer.

    Returns:
        Integer vector.

    Example:
        >>> sorted(draw_labels([7, 7, 8, 8, 8], None, seed=0).tolist())
        [0, 1, 2, 3, 4]
    """
    rng = np.random.default_rng([seed, 0])
    order = rng.permutation(len(y))
    y = np.asarray(y)[order]
    keep = [order[y == label][:per_class] for label in np.unique(y)]
    return np.random.default_rng([seed, 1]).permutation(np.concatenate(keep))


def split_off(y, fraction: float, seed: int):
    """Returns the positions of a training and a validation part, stratified.

    Each class of three examples or more gives at least one to validation.

    Args:
        y: Vector of labels.
        fraction: Share of validation, at least 0 and below 1.
        seed: Integer.

    Returns:
        (training positions, validation positions); the second is empty where
        no class can spare an example, or `fraction` is 0.

    Raises:
        ValueError: If `fraction` is out of range.

    Example:
        >>> kept, held = split_off([0] * 10 + [1] * 10, 0.2, seed=0)
        >>> len(kept), len(held)
        (16, 4)
    """
    if not 0 <= fraction < 1:
        raise InvalidValue(
            f"`fraction` must be from 0 to below 1. Received: {fraction}"
        )
    rng = np.random.default_rng([seed, 2])
    y = np.asarray(y)
    held = np.zeros(len(y), bool)
    for label in np.unique(y) if fraction else []:
        members = rng.permutation(np.flatnonzero(y == label))
        if len(members) >= 3:
            held[members[: max(1, round(fraction * len(members)))]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)
