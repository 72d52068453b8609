"""Labelled examples: an array or a dict of arrays, and one label for each."""

import keras
import numpy as np

from kerassl.errors import InvalidValue


def labelled(pair, name: str):
    """Returns a checked pair (x, y).

    Args:
        pair: (x, y), x an array or a dict of arrays with the examples first,
            y a vector of integer or string labels.
        name: The argument's name, for the error.

    Returns:
        (x of NumPy arrays, y as a NumPy vector).

    Raises:
        ValueError: If it is no such pair, is empty, holds NaN, or the lengths differ.
    """
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise InvalidValue(
            f"`{name}` must be a pair (x, y). Received: {type(pair).__name__}"
        )
    x, y = keras.tree.map_structure(np.asarray, pair[0]), np.asarray(pair[1])
    for part in keras.tree.flatten(x):
        if part.ndim == 0 or (part.dtype.kind == "f" and not np.isfinite(part).all()):
            raise InvalidValue(
                f"`{name}` must hold arrays of finite numbers, one row an example. "
                f"Received one of shape {part.shape} and dtype {part.dtype}"
            )
    lengths = {len(part) for part in keras.tree.flatten(x)}
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


def check_task(encoder, train):
    """Raises unless an encoder takes examples, and there are classes to tell apart.

    Args:
        encoder: A `keras.Model`; of several inputs nothing is known.
        train: (x, y), as `labelled` gives it.

    Raises:
        ValueError: If it does not, or all labels are one.
    """
    x, y = train
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
