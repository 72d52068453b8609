"""How an odd input is stated, and what must come of it.

Every case ends in one of three ways: the right value, a record left out and
counted, or one clear line. A traceback, a silent loss or a wrong number is none.
"""

import contextlib
import dataclasses
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerassl.errors import UserError

# No small input may take longer, whatever is in it.
SECONDS = 60


def short(value):
    """Returns a value as the name of a test: some are of millions of letters."""
    return str(value)[:60]


@dataclasses.dataclass(frozen=True)
class Odd:
    """An input, made in an empty folder, and what must come of it.

    Attributes:
        name: What is odd about it.
        make: Function of the folder that writes it and returns what a user gives.
        refused: Pattern of the message, or None where it is read.
        examples: The examples that are read, or their number, or None.
        skipped: How many records are left out for which reason.
        noted: Pattern of a note, or None.
        labels: The labels that are read; "none" where there must be none.
        test: How many examples are kept apart to test on.
        options: How it is read.
    """

    name: str
    make: Callable[[Path], Any]
    refused: str | None = None
    examples: Any = None
    skipped: dict[str, int] = dataclasses.field(default_factory=dict)
    noted: str | None = None
    labels: Any = None
    test: int | None = None
    options: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __str__(self):
        return self.name.replace(" ", "-")


@contextlib.contextmanager
def in_time(seconds=SECONDS):
    """Raises where what is inside takes too long."""

    def stop(*_):
        raise TimeoutError(f"took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def refused(pattern, call):
    """Checks that `call` is refused in one clear line."""
    with in_time(), pytest.raises((UserError, OSError), match=pattern) as caught:
        call()
    said = str(caught.value)
    assert len(said.splitlines()) == 1, said
    assert len(said) < 1000 and "Traceback" not in said, said


def check(odd, folder, read):
    """Checks what comes of an odd input.

    Args:
        odd: The `Odd`.
        folder: An empty folder.
        read: Function of what the user gives, and options, to a `Source`.
    """
    given = odd.make(folder)
    if odd.refused is not None:
        refused(odd.refused, lambda: read(given, **odd.options))
        return
    with in_time():
        source = read(given, **odd.options)
        values = source.fetch(np.arange(len(source)))
    if isinstance(odd.examples, int):
        assert len(source) == odd.examples
    elif odd.examples is not None:
        values = [v.decode() if isinstance(v, bytes) else v for v in values.numpy()]
        np.testing.assert_array_equal(values, odd.examples)
    assert source.num_skipped == sum(odd.skipped.values()), source.skipped
    assert dict(source.skipped_by_reason) == odd.skipped
    told = " ".join(source.notes)
    assert odd.noted is None or re.search(odd.noted, told), told
    if isinstance(odd.labels, str):
        assert source.labels is None
    elif odd.labels is not None:
        np.testing.assert_array_equal(source.labels, odd.labels)
    assert odd.test is None or len(source.test) == odd.test


def file(name, content):
    """Returns a maker of one file: bytes, or a string that becomes UTF-8.

    Args:
        name: The file's name, with folders before it where need be.
        content: What is in it.
    """

    def make(folder):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


def files(**contents):
    """Returns a maker of a folder; `__` in a name stands for `/`, `_` for `.`."""

    def make(folder):
        for name, content in contents.items():
            file(name.replace("__", "/").replace("_", "."), content)(folder)
        return folder

    return make
