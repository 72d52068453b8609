"""Records with a text, or a path, and perhaps a label: JSON, CSV and Parquet files."""

import csv
import io
import json
import re
import typing

from kerassl.checks import suggest
from kerassl.data.text_lines import NUL, is_blank
from kerassl.errors import InvalidType, InvalidValue, MissingPackage, UserError

# Files of tables, each with the records of one kind.
RECORD_SUFFIXES = (".csv", ".tsv", ".json", ".parquet")
LINES_OF_JSON = (".jsonl", ".ndjson")
# What records call their text where nothing else is said.
TEXT_FIELD = "text"
# Larger fields are taken for a quote that is never closed.
FIELD_CHARACTERS = 1 << 24
# Of cells: as Python writes it, so that nothing of a text is lost.
INTEGER = re.compile(r"0|-?[1-9]\d{0,17}")


class Record(typing.NamedTuple):
    """A record of a file.

    Attributes:
        where: Its line, or its number in brackets.
        text: Its text; None where it cannot be used.
        label: Its label, where one is asked for.
        reason: Why it cannot be used, or None.
    """

    where: str
    text: str | None
    label: typing.Any
    reason: str | None


# No `InvalidValue`: of what it cannot read, `as_source` says which preset takes it,
# but a table is of the right kind.
class TableError(UserError, ValueError):
    """The records of a file do not hold what is asked of them."""


class MissingField(TableError):
    """A file's records lack the field that holds the text, or the label."""


class RecordReader:
    """Reads the records of files and checks what is in them.

    The first line of a CSV or TSV file that is not empty names its columns; what
    stands around the names, and around labels, in white space is no part of them.
    Labels written as integers are integers.

    Args:
        field: Name of the text; None for the first of `usual` that the file has.
        label_field: Name of the label, or None.
        min_length: Texts of fewer characters cannot be used.
        separator: The character between the cells of a CSV or TSV file; None for a
            tab in a TSV file, and in others for whichever of comma, semicolon and
            tab is most frequent in the first line.
        what: What the text is called in messages.
        usual: Names of the text where nothing else is said.

    Raises:
        TypeError: If a field is no name.
        ValueError: If `separator` is no single character that can separate.
    """

    def __init__(
        self,
        field=None,
        label_field=None,
        min_length=1,
        separator=None,
        *,
        what="text",
        usual=(TEXT_FIELD,),
    ):
        for name, value in (("field", field), ("label_field", label_field)):
            if not isinstance(value, str | None):
                raise InvalidType(f"`{name}` must be a name. Received: {value!r}")
        _check_separator(separator)
        self.label_field, self.min_length = label_field, min_length
        self.separator, self.what, self._usual = separator, what, usual
        self._name_field(field)

    def _name_field(self, field):
        self.field, self._quoted = field, json.dumps(field).encode()

    def settle_field(self, path, fields):
        """Says how the text is called, by the fields of a file.

        Raises:
            ValueError: If it is not among them.
        """
        if self.field is None:
            self._name_field(next((u for u in self._usual if u in fields), None))
        if self.field not in fields:
            also = " (`--field NAME` of `kerassl prepare`)" * (self.what == TEXT_FIELD)
            raise MissingField(
                f"`field` must name the {self.what} in the records of {path}. Its "
                f"first record has the fields {_few(fields)}."
                f"{_received(self.field, fields)} At the command line, `--set "
                f"data.field=NAME` names it{also}."
            )

    def _settle_columns(self, path, names):
        """Does the same for a table, each of whose records has all fields."""
        self.settle_field(path, names)
        for option, name in (("field", self.field), ("label_field", self.label_field)):
            if name is not None and names.count(name) != 1:
                raise MissingField(
                    f"`{option}` must name one column of {path}. It has the columns "
                    f"{_few(names)}.{_received(name, names)}"
                )

    def parse(self, text):
        """Returns the object that a line of JSON is.

        Raises:
            ValueError: If it is none, or has the text twice.
        """
        try:
            if text.count(self._quoted) > 1:
                return json.loads(text, object_pairs_hook=self._once)
            return json.loads(text)
        except RecursionError as error:
            raise InvalidValue("nested too deeply") from error

    def _once(self, pairs):
        if sum(name == self.field for name, _ in pairs) > 1:
            raise InvalidValue(f"the field {self.field!r} is there twice")
        return dict(pairs)

    def check(self, record):
        """Returns (reason, text, label) of a record; a reason if it is unusable."""
        if isinstance(record, str):
            record = {self.field: record}
        if not isinstance(record, dict):
            return f"a JSON {type(record).__name__}, not an object", None, None
        text = record.get(self.field)
        if not isinstance(text, str):
            found = f"it has {_few(sorted(record))}"
            if self.field in record:
                found = f"a {type(text).__name__}"
            return f"no {self.what} in field {self.field!r} ({found})", None, None
        if is_blank(text):
            return "empty", None, None
        if len(text) < self.min_length:
            return f"shorter than {self.min_length} characters", None, None
        if "\0" in text:
            return NUL, None, None
        try:
            text.encode()
        except UnicodeEncodeError:
            return "not UTF-8 (half of a surrogate pair)", None, None
        if self.label_field is None:
            return None, text, None
        label = record.get(self.label_field)
        if isinstance(label, float) and label.is_integer():
            label = int(label)  # what a table makes of integers beside a gap
        if not isinstance(label, (str, int)) or label == "":
            return f"no label in field {self.label_field!r}", None, None
        return None, text, label

    def read(self, suffix, path, content):
        """Yields the `Record`s of a file.

        Args:
            suffix: One of `RECORD_SUFFIXES` or `LINES_OF_JSON`.
            path: Its path, to name it.
            content: Its bytes; None for Parquet, which is read from the path.

        Raises:
            ValueError: If it is not of its kind, or lacks the field of the text.
        """
        if suffix == ".parquet":
            records = self._parquet(path)
        elif suffix == ".json":
            records = self._json(path, content)
        elif suffix in LINES_OF_JSON:
            records = self._json_lines(path, content)
        else:
            records = self._table(path, content, suffix)
        for where, record, reason in records:
            text = label = None
            if reason is None:
                reason, text, label = self.check(record)
            yield Record(where, text, label, reason)

    def _json(self, path, content):
        try:
            records = self.parse(content)
        except ValueError as error:
            raise InvalidValue(f"{path} is not JSON: {error}") from error
        if not isinstance(records, list):
            what = type(records).__name__
            if isinstance(records, dict):
                what = f"an object with the fields {_few(sorted(records))}"
            raise InvalidValue(
                f"{path} must hold a list of records or of strings. Received: {what}"
            )
        named = next((r for r in records if isinstance(r, dict)), None)
        if named is not None and self.field is None:
            self.settle_field(path, sorted(named))
        for number, record in enumerate(records):
            yield f"[{number}]", record, None

    def _json_lines(self, path, content):
        for number, line in enumerate(content.split(b"\n"), 1):
            if not line.strip():
                continue
            try:
                record = self.parse(line)
            except ValueError as error:
                yield f":{number}", None, f"not JSON: {error}"
                continue
            if self.field is None and isinstance(record, dict):
                self.settle_field(path, sorted(record))
            yield f":{number}", record, None

    def _table(self, path, content, suffix):
        text = content.decode("utf-8-sig", "surrogateescape")
        options = {"delimiter": self.separator or _delimiter(text), "strict": True}
        if suffix == ".tsv":  # quotes are letters like others there
            options = {"delimiter": self.separator or "\t", "quoting": csv.QUOTE_NONE}
        rows = csv.reader(io.StringIO(text, newline=""), **options)
        before = csv.field_size_limit(FIELD_CHARACTERS)
        try:
            names = next((row for row in rows if row), [])
            names = [name.strip() for name in names]
            self._settle_columns(path, names)
            for row, line, reason in _rows(rows, path):
                if reason is None and row and len(row) != len(names):
                    reason = f"other columns than the header (by number {len(row)})"
                if reason is None and not row:
                    reason = "empty"
                if reason is None and _is_broken(row):
                    reason = "not UTF-8"
                record = dict(zip(names, row, strict=False))
                if reason is None and self.label_field is not None:
                    record[self.label_field] = _label(record[self.label_field])
                yield f":{line}", record, reason
        except csv.Error as error:
            raise InvalidValue(f"{path} is no table: {error}") from error
        finally:
            csv.field_size_limit(before)

    def _parquet(self, path):
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise MissingPackage(
                f"{path} is read by pyarrow. Install it: pip install 'kerassl[parquet]'"
            ) from error
        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                self._settle_columns(path, file.schema_arrow.names)
                columns = [
                    self.field,
                    *([self.label_field] if self.label_field else []),
                ]
                number = 0
                for batch in file.iter_batches(columns=columns):
                    for record in batch.to_pylist():
                        yield f"[{number}]", record, None
                        number += 1
        except (pyarrow.ArrowException, OSError) as error:
            raise OSError(f"{path} cannot be read: {error}") from error


def number_labels(labels):
    """Returns the numbers of labels, and the names that these stand for.

    Integers go before strings; where any is a string, all are: 1 and "1" are one.

    Args:
        labels: List of strings and integers, one a record.

    Returns:
        List of integers from 0 on, and a tuple of strings.

    Example:
        >>> number_labels([10, 9, 10])
        ([1, 0, 1], ('9', '10'))
    """
    if any(isinstance(label, str) for label in labels):
        labels = [str(label) for label in labels]
    number = {name: i for i, name in enumerate(sorted(set(labels)))}
    return [number[label] for label in labels], tuple(map(str, number))


def _rows(rows, path):
    """Yields (row, line, reason) of a table, going on behind a broken row."""
    while True:
        begin = rows.line_num + 1
        try:
            yield next(rows), begin, None
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error) or "field limit" in str(error):
                raise InvalidValue(
                    f"{path}: a quote of the record in line {begin} is never closed. "
                    "Double the quotes inside of texts."
                ) from error
            yield [], begin, f"not CSV: {error}"


def _delimiter(text):
    head = text.lstrip("\r\n").split("\n", 1)[0]
    return max(",;\t", key=head.count)


def _check_separator(separator):
    if separator is None:
        return
    if not isinstance(separator, str):
        raise InvalidType(
            f"`separator` must be a character or None. Received: {separator!r}"
        )
    if len(separator) != 1 or separator in '"\r\n\0':
        raise InvalidValue(
            "`separator` must be one character, neither a quote nor a line end. "
            f"Received: {separator!r}"
        )


def _label(cell):
    cell = cell.strip()
    return int(cell) if INTEGER.fullmatch(cell) else cell


def _is_broken(row):
    return any("\udc80" <= letter <= "\udcff" for cell in row for letter in cell)


def _received(name, names):
    return "" if name is None else f" Received: {name!r}.{suggest(name, names)}"


def _few(names, limit=20):
    names = list(names)
    return f"{names[:limit]}{' and more' if len(names) > limit else ''}"
