"""Arrays, lists of strings and dicts of arrays as sources."""

import hashlib

import numpy as np

from kerassl.data.source import Source
from kerassl.data.strings import encode_strings, holds_strings
from kerassl.errors import InvalidType, InvalidValue

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
            float32). Examples whose text is missing (None or NaN), empty or not
            UTF-8 are left out with their labels, counted in `num_skipped` and
            named in `skipped`.
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

        unusable = {}
        # Lists are examples here, not structure, so only dicts are descended.
        arrays = _map_dict(lambda name, v: _checked(name, v, unusable), x, "x")
        leaves = keras.tree.flatten(arrays)
        if not leaves:
            raise InvalidValue("`x` is an empty dict. Received: {}")
        lengths = {len(leaf) for leaf in leaves}
        if len(lengths) > 1:
            raise InvalidValue(
                "The arrays of `x` must have one length. Received lengths: "
                f"{sorted(lengths)}"
            )
        length = lengths.pop()
        self.labels = _checked_labels(labels, length)
        if unusable:
            kept = self._skip(unusable, length)
            arrays = keras.tree.map_structure(lambda leaf: leaf[kept], arrays)
            leaves = keras.tree.flatten(arrays)
            self.labels = None if labels is None else self.labels[kept]
        self._length = len(leaves[0])
        self.bytes_in_memory = sum(_size(leaf) for leaf in leaves)
        self._details = dict(details or {})
        for leaf in leaves:
            self._note_darkness(leaf)
        self.class_names = _checked_names(class_names)
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

    def _skip(self, unusable, length):
        """Counts the rows that cannot be used; returns the others."""
        for _, (where, reason) in sorted(unusable.items()):
            self.skip(where, reason)
        if len(unusable) == length:
            first = "".join(f"; {s.where}: {s.reason}" for s in self.skipped[:3])
            raise InvalidValue(
                f"`x` must hold at least one text. Received: {length} left out{first}"
            )
        return np.delete(np.arange(length), list(unusable))

    def _note_darkness(self, array):
        if array.dtype in (np.uint8, np.uint16) and array.ndim > 2:
            high, full = array.max(initial=0), np.iinfo(array.dtype).max
            if 0 < high <= DARK:
                self.note(
                    f"The largest value is {high}, of {full} in {array.dtype}: images "
                    f"are nearly black then. Multiply them by {full // high}."
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


def as_array(name, value):
    """Returns what holds examples as an array, one row an example.

    Args:
        name: What it is called in messages.
        value: An array, or a list of numbers, of strings or of equal rows.

    Raises:
        ValueError: If it has no rows, or rows of different shapes.

    Example:
        >>> as_array("x", [[1, 2], [3]])
        Traceback (most recent call last):
        ...
        kerassl.errors.InvalidValue: `x` is ragged: entry 0 has shape (2,), entry 1 \
has shape (1,). Make all examples one shape first.
    """
    if np.ma.is_masked(value):
        raise InvalidValue(
            f"`{name}` must hold a value everywhere. Received masked values: fill "
            "them first, as with x.filled(0)."
        )
    is_list = isinstance(value, (list, tuple))
    if is_list and any(isinstance(item, (str, bytes)) for item in value):
        return _of_objects(value)  # one long text would make every entry as long
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different shapes
        array = _of_objects(value)
    if array.ndim == 0:
        raise InvalidValue(
            f"`{name}` must be an array or a list with one row an example. "
            f"Received: {type(value).__name__} {str(value)[:60]!r}"
        )
    if len(array) == 0:
        raise InvalidValue(
            f"`{name}` must hold at least one example. Received shape: {array.shape}"
        )
    if array.size == 0:
        raise InvalidValue(
            f"`{name}` must hold something of each example. Received shape: "
            f"{array.shape}"
        )
    if array.dtype.kind in "UST":  # of a list: NumPy made strings of all that is in it
        return np.array(value, object) if is_list else array.astype(object)
    if array.dtype == object and not holds_strings(name, array):
        return _stacked(name, array)
    return array


def _of_objects(value):
    array = np.empty(len(value), object)
    for i, item in enumerate(value):
        array[i] = item
    return array


def _stacked(name, array):
    """Returns the equally shaped rows of an object array as one array."""
    rows = []
    for i, item in enumerate(array):
        row = np.asarray(item)
        if row.dtype == object:
            raise InvalidValue(
                f"`{name}` must hold numbers or strings. Entry {i} is "
                f"{type(item).__name__} {str(item)[:40]!r}."
            )
        if rows and row.shape != rows[0].shape:
            raise InvalidValue(
                f"`{name}` is ragged: entry 0 has shape {rows[0].shape}, entry {i} "
                f"has shape {row.shape}. Make all examples one shape first."
            )
        rows.append(row)
    return np.stack(rows)


def _checked(name, value, unusable):
    """Returns `value` as an array that TensorFlow can hold.

    Rows whose text cannot be used are added to `unusable`, {row: (where, reason)}.
    """
    array = as_array(name, value)
    if array.dtype.kind in "US":
        array = array.astype(object)
    if array.dtype == object and holds_strings(name, array):
        array, reasons = encode_strings(array)
        ending = "" if name == "x" else f" of {name}"
        for row, reason in reasons.items():
            unusable.setdefault(row, (f"entry {row}{ending}", reason))
        return array
    if array.dtype.kind not in "biuf":
        raise InvalidValue(
            f"`{name}` must hold real numbers or strings. Received dtype: {array.dtype}"
        )
    if array.dtype.kind == "f":
        if array.dtype.itemsize > 4:
            with np.errstate(over="ignore"):  # it is infinite then, and refused
                array = array.astype(np.float32)
        _check_finite(name, array)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _check_finite(name, array):
    for start in range(0, len(array), CHUNK_ROWS):
        chunk = array[start : start + CHUNK_ROWS]
        finite = np.isfinite(chunk)
        if not finite.all():
            row = start + int(np.argwhere(~finite)[0][0])
            raise InvalidValue(
                f"`{name}` must be finite. Example {row} holds NaN or infinity, or a "
                "number too large for float32."
            )


def _checked_names(names):
    if names is None:
        return None
    if not hasattr(names, "__iter__"):
        raise InvalidType(
            f"`class_names` must be a list of names or None. Received: {names!r}"
        )
    return tuple(map(str, names))


def _checked_labels(labels, length):
    if labels is None:
        return None
    try:
        array = np.asarray(labels)
    except ValueError as error:
        raise InvalidValue(
            "`labels` must be a vector of integers. Received a ragged list"
        ) from error
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
