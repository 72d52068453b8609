"""Tables that list the files of a data set, and their labels."""

from kerassl.data.class_folders import classes_of, training_part
from kerassl.data.files import combined_fingerprint, fingerprint_files
from kerassl.data.records import (
    LINES_OF_JSON,
    RECORD_SUFFIXES,
    RecordReader,
    TableError,
)
from kerassl.data.source import Source, printable
from kerassl.data.table_splits import table_to_test
from kerassl.data.text_files import open_text, plain_suffix
from kerassl.errors import InvalidValue

# What tables call the path of a file where nothing else is said.
PATH_FIELDS = ("path", "file_name")


def is_table(path):
    """Tells whether a path is a file of records, by its name.

    Example:
        >>> import pathlib
        >>> is_table(pathlib.Path("labels.csv"))
        False
    """
    suffix = plain_suffix(path)
    return suffix in (*RECORD_SUFFIXES, *LINES_OF_JSON) and path.is_file()


class FilesSource(Source):
    """The base of sources of files that a folder holds, or a table lists.

    A subclass sets `path`, the folder or the table, and calls `take`.
    """

    _prints = None

    @classmethod
    def argument(cls, paths):
        """Returns a folder, or a table."""
        if len(paths) == 1 and is_table(paths[0]):
            return paths[0]
        return super().argument(paths)

    def take(self, files):
        """Sets `files`, those that are read, and notes their size."""
        self.files = files
        self._bytes = sum(file.stat().st_size for file in files)

    def names(self, positions):
        """Returns the paths of examples' files, below the folder that was given."""
        return [self._name(self.files[int(position)]) for position in positions]

    def _name(self, file):
        root = self.path.parent if is_table(self.path) else self.path
        return printable(file.relative_to(root) if file.is_relative_to(root) else file)

    def fingerprints(self):
        """Returns those of the files and their table, also of those to test on."""
        if self._prints is None:
            root = self.path.parent if is_table(self.path) else self.path
            self._prints = fingerprint_files(self._all_files(), root)
        return self._prints

    def describe(self):
        return {
            **super().describe(),
            "path": str(self.path),
            "bytes": self._bytes,
            "digest": combined_fingerprint(self.fingerprints()),
            "classes": len(self.class_names or ()),
        }

    def _all_files(self):
        table = [self.path] if is_table(self.path) else []
        return [*table, *self.files, *(self.test._all_files() if self.test else ())]


def found_files(path, find, source, **options):
    """Returns the files of a data set with their classes: of a folder or of a table.

    Args:
        path: A folder, in which subfolders may be splits and classes, or a table.
        find: Function of a folder and of `Source.skip` that gives its data files.
        source: The `Source` that is told what is left out.
        **options: Of `listed_files`; all must be None for a folder.

    Returns:
        The files, a list of `pathlib.Path`; a list with the class of each, or None;
        and the folder or the table to test on, or None.

    Raises:
        FileNotFoundError, NotADirectoryError: As `find` does.
        ValueError: As `listed_files` does, or if a folder has an option of tables.
    """
    if is_table(path):
        files, classes = listed_files(path, source, **options)
        tests = table_to_test([path], source)
        return files, classes, tests and tests[0]
    for name, value in options.items():
        if value is not None:
            raise InvalidValue(
                f"`{name}` must be None for a folder: it is of a table that lists "
                f"files. Received: {value!r} and {str(path)!r}"
            )
    root, files, test = training_part(path, find(path, source.skip), source)
    return *classes_of(root, files, source), test


def listed_files(path, source, field=None, label_field=None, separator=None):
    """Returns the files that a table lists, and their labels.

    Args:
        path: The table, a CSV, TSV, JSON, JSON lines or Parquet file.
        source: The `Source` whose `skip` is told of records that cannot be used.
        field: Name of the column of paths, relative to the table's folder; None for
            `path` or `file_name`.
        label_field: Name of the column of labels, strings or integers, or None.
        separator: As for `RecordReader`.

    Returns:
        The files that are there, a list of `pathlib.Path`, and a list of their labels
        or None.

    Raises:
        ValueError: If it is no table, lacks a column, or no file is there.
    """
    reader = RecordReader(
        field, label_field, separator=separator, what="path", usual=PATH_FIELDS
    )
    suffix, content = plain_suffix(path), None
    if suffix != ".parquet":
        buffer, _, reason = open_text(path)
        if reason:
            raise TableError(f"{path} is no table: {reason}")
        content = buffer[:].tobytes()
    files, labels, first = [], [], None
    for record in reader.read(suffix, path, content):
        reason, file = record.reason, None
        if reason is None:
            file = path.parent / record.text.strip()
            reason = None if file.is_file() else f"no file ({record.text.strip()})"
        if reason:
            first = first or f"; {path}{record.where}: {reason}"
            source.skip(f"{path}{record.where}", reason)
        else:
            files.append(file)
            labels.append(record.label)
    if not files:
        raise TableError(
            f"No record of {path} can be used: {source.num_skipped} were left out"
            f"{first or ''}"
        )
    return files, labels if label_field else None
