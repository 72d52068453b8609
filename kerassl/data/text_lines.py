"""Where the lines of a text are, and which cannot be used."""

import codecs
import unicodedata

import numpy as np

# Bytes searched for line ends and checked as UTF-8 at a time.
BLOCK_BYTES = 1 << 24
LINE_FEED, CARRIAGE_RETURN = 10, 13
# Of each byte: 0, it shows nothing; 1, it may be of a character that shows
# nothing, such as U+3000, or of one that does; 2, it is of one that does.
_VISIBLE = np.full(256, 2, np.uint8)
_VISIBLE[0x80:0xC0] = 1
_VISIBLE[[0xC2, 0xE1, 0xE2, 0xE3, 0xEF, 0xF3]] = 1
_VISIBLE[[*range(33), 127]] = 0
# 1 where the byte begins a character of UTF-8.
_CHARACTER = ((np.arange(256) & 0xC0) != 0x80).astype(np.uint8)
NUL = "holds NUL bytes"


def mark_length(buffer):
    """Returns the length of the byte order mark that some editors write."""
    return 3 if buffer[:3].tobytes() == codecs.BOM_UTF8 else 0


def line_end(buffer):
    """Returns the byte that ends a line: a carriage return, as on old Macs, only
    where there is no line feed."""
    block = buffer[:BLOCK_BYTES]
    old = not (block == LINE_FEED).any() and (block == CARRIAGE_RETURN).any()
    return CARRIAGE_RETURN if old else LINE_FEED


def line_blocks(buffer, end=LINE_FEED):
    """Yields (lines, [start, end]) offsets, a block of whole lines at a time.

    Args:
        buffer: The bytes of a text, what slices of give a uint8 array.
        end: The byte that ends a line.
    """
    begin = mark_length(buffer)
    while begin < len(buffer):
        stop = min(begin + BLOCK_BYTES, len(buffer))
        ends = _places(buffer, begin, stop, end)
        while not len(ends) and stop < len(buffer):  # a line longer than a block
            stop = min(2 * stop - begin, len(buffer))
            ends = _places(buffer, begin, stop, end)
        if stop == len(buffer) and (not len(ends) or ends[-1] != stop - 1):
            ends = np.append(ends, stop)  # the last line lacks its newline
        starts = np.concatenate([[begin], ends[:-1] + 1])
        begin = int(ends[-1]) + 1
        yield np.stack([starts, ends], axis=1)


def _places(buffer, begin, stop, byte):
    return np.flatnonzero(np.asarray(buffer[begin:stop]) == byte) + begin


def unusable(buffer, spans, min_length):
    """Returns {row of spans: why that document cannot be used}.

    Args:
        buffer: As for `line_blocks`.
        spans: Integer array (documents, [start, end]), one after the other.
        min_length: Least number of characters.
    """
    begin, stop = int(spans[0, 0]), int(spans[-1, 1])
    block = np.asarray(buffer[begin:stop])
    if len(block) == 0:
        return {0: "empty"}
    # reduceat wants offsets inside the block: an empty last line is set apart.
    starts = np.minimum(spans[:, 0] - begin, len(block) - 1)
    seen = np.maximum.reduceat(_VISIBLE[block], starts)
    seen[spans[:, 0] == spans[:, 1]] = 0
    reasons = dict.fromkeys(np.flatnonzero(seen == 0).tolist(), "empty")
    for line in np.flatnonzero(seen == 1).tolist():
        first, last = spans[line] - begin
        if is_blank(block[first:last].tobytes().decode("utf-8", "replace")):
            reasons[line] = "empty"
    if min_length > 1:
        lengths = np.add.reduceat(_CHARACTER[block], starts, dtype=np.int64)
        lengths -= np.append(np.ones(len(spans) - 1, np.int64), 0)  # newlines
        for line in np.flatnonzero(lengths < min_length).tolist():
            reasons.setdefault(line, f"shorter than {min_length} characters")
    if (block == 0).any():
        zeros = np.maximum.reduceat((block == 0).astype(np.uint8), starts)
        for line in np.flatnonzero(zeros).tolist():
            reasons.setdefault(line, NUL)
    for line, reason in _not_utf8(memoryview(block), spans - begin, 0, len(spans)):
        reasons[line] = reason
    return reasons


def is_blank(text):
    """Tells whether a string shows nothing: white space of any script, characters
    of no width, control characters.

    Example:
        >>> is_blank("\\u3000\\u200b"), is_blank("a")
        (True, False)
    """
    return all(
        character.isspace() or unicodedata.category(character) in ("Cc", "Cf")
        for character in text
    )


def _not_utf8(view, spans, first, last):
    """Yields (line, reason), halving the lines until the bad ones are found."""
    try:
        str(view[spans[first, 0] : spans[last - 1, 1]], "utf-8")
    except UnicodeDecodeError as error:
        if last - first == 1:
            byte = error.object[error.start]
            yield first, f"not UTF-8 (byte 0x{byte:02x} at offset {error.start})"
            return
        middle = (first + last) // 2
        yield from _not_utf8(view, spans, first, middle)
        yield from _not_utf8(view, spans, middle, last)
