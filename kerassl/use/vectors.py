"""Vectors of examples with their names: kept in a file, and searched."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerassl import files
from kerassl.checks import check_positive_integers, user_path
from kerassl.errors import InvalidValue, MissingPackage

SUFFIXES = (".npz", ".parquet")


@dataclass(frozen=True)
class Vectors:
    """One vector for each of some examples.

    Attributes:
        values: Float32 array (examples, dim).
        names: What the examples are called, as many strings: paths of files, or
            numbers.
        labels: Integer array (examples,), or None.
        class_names: Tuple of strings, one for each label, or None.

    Example:
        >>> vectors = Vectors(np.eye(3, dtype="float32"), ("a", "b", "c"))
        >>> found, similarities = vectors.nearest(np.array([[0.0, 2.0, 1.0]]), 2)
        >>> [vectors.names[i] for i in found[0]]
        ['b', 'c']
    """

    values: np.ndarray
    names: Sequence[str]
    labels: np.ndarray | None = None
    class_names: Sequence[str] | None = None

    def __post_init__(self):
        values = np.asarray(self.values)
        if values.ndim != 2 or len(values) != len(self.names):
            raise InvalidValue(
                "`values` must be a matrix with a row for each of `names`. Received "
                f"shape {values.shape} and {len(self.names)} names"
            )

    def nearest(self, queries, count=10, *, approximate=False):
        """Returns which vectors are nearest to others, by the cosine.

        Args:
            queries: Float array (queries, dim).
            count: How many to find for each; all where there are fewer.
            approximate: Whether to search in a graph of neighbours, which for
                millions of vectors is much faster and may miss some. It needs the
                extra `kerassl[search]`.

        Returns:
            Tuple (positions, similarities), arrays (queries, count): the most
            similar first, cosines in [-1, 1].

        Raises:
            ValueError: If the dimensions differ or `count` is below 1.
        """
        check_positive_integers(count=count)
        queries = np.asarray(queries, "float32")
        if queries.ndim != 2 or queries.shape[1] != self.values.shape[1]:
            raise InvalidValue(
                f"`queries` must have shape (queries, {self.values.shape[1]}). "
                f"Received shape: {queries.shape}"
            )
        count = min(count, len(self.names))
        find = _by_graph if approximate else _exactly
        positions, distances = find(np.asarray(self.values), queries, count)
        return positions, 1.0 - distances

    def save(self, path):
        """Writes a file of vectors, names and labels.

        Args:
            path: Ends in ".npz", NumPy's arrays `values`, `names` and, where there
                are labels, `labels` and `class_names`; or in ".parquet", a row with
                `name`, `vector` and `label` for each (extra `kerassl[parquet]`).

        Raises:
            ValueError: If it ends in something else.
        """
        path = check_suffix(path)
        with files.atomic(path) as unfinished:
            (_write_npz if path.suffix == ".npz" else _write_parquet)(unfinished, self)

    @classmethod
    def load(cls, path):
        """Returns the vectors that `save` has written as ".npz".

        Raises:
            ValueError: If the file is no such one.
        """
        path = user_path(path, "path")
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as kept:
                arrays = {name: kept[name] for name in kept.files}
            names = tuple(str(name) for name in arrays["names"])
            class_names = arrays.get("class_names")
            return cls(
                arrays["values"],
                names,
                arrays.get("labels"),
                None if class_names is None else tuple(map(str, class_names)),
            )
        except FileNotFoundError:
            raise
        except Exception as error:  # of whatever is wrong with such a file
            raise InvalidValue(
                f"`path` must be a .npz file that `save` wrote. {path}: {error}"
            ) from error


def check_suffix(path):
    """Returns the path of a file of vectors, or raises where it has another suffix."""
    path = user_path(path, "out")
    if path.suffix not in SUFFIXES:
        raise InvalidValue(
            f"`out` must end in {' or '.join(SUFFIXES)}. Received: {str(path)!r}"
        )
    if not Path(path).parent.is_dir():
        raise NotADirectoryError(f"`out`: {str(path.parent)!r} is not a folder.")
    if path.suffix == ".parquet":
        _pyarrow()
    return path


def _write_npz(path, vectors):
    arrays = {"values": vectors.values, "names": np.array(vectors.names, dtype=str)}
    if vectors.labels is not None:
        arrays["labels"] = np.asarray(vectors.labels)
        if vectors.class_names is not None:
            arrays["class_names"] = np.array(vectors.class_names, dtype=str)
    with open(path, "wb") as file:
        np.savez(file, **arrays)


def _write_parquet(path, vectors):
    arrow = _pyarrow()
    from pyarrow import parquet

    values = np.asarray(vectors.values, "float32")
    columns = {
        "name": list(vectors.names),
        "vector": arrow.FixedSizeListArray.from_arrays(
            arrow.array(values.ravel()), values.shape[1]
        ),
    }
    if vectors.labels is not None:
        names = vectors.class_names
        columns["label"] = [names[i] if names else int(i) for i in vectors.labels]
    parquet.write_table(arrow.table(columns), path)


def _pyarrow():
    try:
        import pyarrow
    except ImportError as error:
        raise MissingPackage(
            ".parquet is written by pyarrow. Install it: pip install 'kerassl[parquet]'"
        ) from error
    return pyarrow


def _exactly(values, queries, count):
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=count, algorithm="brute", metric="cosine")
    distances, positions = search.fit(values).kneighbors(queries)
    return positions, distances


def _by_graph(values, queries, count):
    try:
        from usearch.index import Index
    except ImportError as error:
        raise MissingPackage(
            "Approximate search needs usearch. Install it: pip install "
            "'kerassl[search]'"
        ) from error
    index = Index(ndim=values.shape[1], metric="cos", dtype="f32")
    index.add(np.arange(len(values)), np.asarray(values, "float32"))
    found = index.search(queries, count)
    shape = (len(queries), -1)
    return found.keys.reshape(shape).astype(int), found.distances.reshape(shape)
