"""Arrays, lists of strings and dicts of arrays as sources."""

import hashlib

import numpy as np

from kerassl.data.source import Source
from kerassl.errors import InvalidValue

# Values up to this are seldom meant as shades of 255: scikit-learn's digits have 16.
DARK = 16
# Rows looked at together when values are checked, to bound the memory.
CHUNK_ROWS = 65_536


class ArraySource(Source):
    """Examples held in memory: an array, a list of strings or a dict of them.

    Args:
        x: NumPy array of shape (examples, ...), list of strings, object array
            of strings or of equally shaped arrays, or a (nested) dict of
            these with one length. Numbers keep their dtype (float64 becomes
            float32).
        labels: Integer array of shape (examples,), only used to evaluate, or
            None.
        class_names: Sequence of names; label `i` is called `class_names[i]`.
        details: Dict with more facts about the data for `describe()`.

    Raises:
        ValueError: If `x` is empty, ragged or holds values that are not
            finite, or if lengths differ.

    Example:
        >>> source = ArraySource(["one", "two", "three"])
        >>> source.fetch([2, 0]).numpy().tolist()
        [b'three', b'one']
    """

    def __init__(self, x, labels=None, class_names=None, *, details=None):
        super().__init__()
        import keras
        import tensorflow as tf

        # Lists are examples here, not structure, so only dicts are descended.
        arrays = _map_dict(lambda name, value: _checked(name, value), x, "x")
        leaves = keras.tree.flatten(arrays)
        if not leaves:
            raise InvalidValue("`x` is an empty dict. Received: {}")
        lengths = {len(leaf) for leaf in leaves}
        if len(lengths) > 1:
            raise InvalidValue(
                "The arrays of `x` must have one length. Received lengths: "
                f"{sorted(lengths)}"
            )
        self._length = lengths.pop()
        if self._length == 0:
            raise InvalidValue("`x` must hold at least one example. Received: none")
        self.bytes_in_memory = sum(_size(leaf) for leaf in leaves)
        self._details = dict(details or {})
        for leaf in leaves:
            self._note_darkness(leaf)
        self.labels = _checked_labels(labels, self._length)
        self.class_names = None if class_names is None else tuple(class_names)
        if self.labels is not None and self.class_names is not None:
            if self.labels.max() >= len(self.class_names):
                raise InvalidValue(
                    f"`labels` reach {self.labels.max()}, but `class_names` holds "
                    f"{len(self.class_names)} names."
                )
        with tf.device("/cpu:0"):  # the input pipeline runs on the host
            self._tensors = keras.tree.map_structure(tf.constant, arrays)

    def __len__(self):
        return self._length

    def fetch(self, indices):
        import keras
        import tensorflow as tf

        return keras.tree.map_structure(
            lambda tensor: tf.gather(tensor, indices), self._tensors
        )

    def describe(self):
        return {
            **super().describe(),
            "bytes": self.bytes_in_memory,
            "digest": self._digest(),
            **self._details,
        }

    def _note_darkness(self, array):
        if array.dtype in (np.uint8, np.uint16) and array.ndim > 2:
            high, full = array.max(initial=0), np.iinfo(array.dtype).max
            if 0 < high <= DARK:
                self.note(
                    f"The largest value is {high}, of {full} in {array.dtype}: as images "
                    f"these are nearly black. Multiply them by {full // high}."
                )

    def _digest(self):
        """Returns 16 hexadecimal digits that name the values and the labels."""
        import keras

        digest = hashlib.blake2b(digest_size=8)
        leaves = [leaf.numpy() for leaf in keras.tree.flatten(self._tensors)]
        for leaf in [*leaves, *([] if self.labels is None else [self.labels])]:
            digest.update(f"{leaf.dtype} {leaf.shape}".encode())
            if leaf.dtype == object:
                for text in leaf.flat:
                    digest.update(len(text).to_bytes(8) + text)
            else:
                digest.update(np.ascontiguousarray(leaf))
        return digest.hexdigest()


def _map_dict(function, value, name):
    if not isinstance(value, dict):
        return function(name, value)
    return {
        key: _map_dict(function, item, f"{name}[{key!r}]")
        for key, item in value.items()
    }


def _size(array):
    if array.dtype == object:
        return sum(len(text) for text in array)
    return array.nbytes


def _checked(name, value):
    """Returns `value` as an array that TensorFlow can hold."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different shapes
        array = np.empty(len(value), object)
        array[:] = list(value)
    if array.ndim == 0:
        raise InvalidValue(
            f"`{name}` must be an array or a list with one row an example. "
            f"Received: {type(value).__name__} {str(value)[:60]!r}"
        )
    if len(array) == 0:
        raise InvalidValue(
            f"`{name}` must hold at least one example. Received shape: {array.shape}"
        )
    if array.dtype == object:
        array = _from_objects(name, array)
    if array.dtype.kind in "US" or array.dtype == object:
        return _encoded(name, array)
    if array.dtype.kind not in "biuf":
        raise InvalidValue(
            f"`{name}` must hold numbers or strings. Received dtype: {array.dtype}"
        )
    if array.dtype.kind == "f":
        _check_finite(name, array)
    return array.astype(np.float32) if array.dtype == np.float64 else array


def _from_objects(name, array):
    """Returns an object array of strings, or equally shaped rows stacked."""
    strings = [isinstance(item, (str, bytes)) for item in array.flat]
    if all(strings):
        return array
    if any(strings):
        where = strings.index(False)
        raise InvalidValue(
            f"`{name}` mixes strings with other values: entry {where} is "
            f"{type(array.flat[where]).__name__}."
        )
    rows = []
    for i, item in enumerate(array):
        row = np.asarray(item)
        if row.dtype == object:
            raise InvalidValue(
                f"`{name}` must hold numbers or strings. Entry {i} is "
                f"{type(item).__name__}."
            )
        if rows and row.shape != rows[0].shape:
            raise InvalidValue(
                f"`{name}` is ragged: entry 0 has shape {rows[0].shape}, entry {i} "
                f"has shape {row.shape}. Make all examples one shape first."
            )
        rows.append(row)
    return np.stack(rows)


def _encoded(name, array):
    """Returns an object array of UTF-8 bytes."""
    encoded = np.empty(array.size, object)
    for i, text in enumerate(array.flat):
        try:
            encoded[i] = text if isinstance(text, bytes) else str(text).encode("utf-8")
        except UnicodeEncodeError as error:
            raise InvalidValue(
                f"`{name}` must hold strings that UTF-8 can encode. Entry {i} "
                f"cannot: {error.reason}"
            ) from error
    return encoded.reshape(array.shape)


def _check_finite(name, array):
    for start in range(0, len(array), CHUNK_ROWS):
        chunk = array[start : start + CHUNK_ROWS]
        finite = np.isfinite(chunk)
        if not finite.all():
            row = start + int(np.argwhere(~finite)[0][0])
            raise InvalidValue(
                f"`{name}` must be finite. Example {row} holds NaN or infinity."
            )


def _checked_labels(labels, length):
    if labels is None:
        return None
    array = np.asarray(labels)
    if array.ndim == 2 and array.shape[1] == 1:  # as keras.datasets.cifar10 has
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "iub":
        raise InvalidValue(
            "`labels` must be a vector of integers. Received shape "
            f"{array.shape}, dtype {array.dtype}"
        )
    if len(array) != length:
        raise InvalidValue(
            f"`labels` must have one entry an example: {length}. Received: {len(array)}"
        )
    if array.min() < 0:
        raise InvalidValue(f"`labels` must be 0 or more. Received: {array.min()}")
    return array.astype(np.int64)
