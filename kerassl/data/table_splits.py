"""Tables called like splits: `train.csv` is for training, `test.csv` for testing."""

import re

from kerassl.data.class_folders import ROLES, SPLITS
from kerassl.data.records import RECORD_SUFFIXES
from kerassl.data.source import printable
from kerassl.data.text_files import plain_suffix

# Of the split to train on, whatever stands before and behind it.
TRAIN = re.compile(rf"(?<![a-z])({'|'.join(SPLITS['train'])})(?![a-z])", re.IGNORECASE)


def tables_to_train(paths, source):
    """Returns the tables of a folder to train on, and those to test on.

    Where all have the name of one split in theirs, as "reviews-test.csv" or
    "train-00000-of-00002.parquet", those of `test`, or else of `val`, are for testing.

    Args:
        paths: The data files of a folder, a list of `pathlib.Path`.
        source: The `Source` whose `note` is told what is kept apart.

    Returns:
        The list of the paths to train on, all of them where they are no splits, and
        the list of those to test on, or None.
    """
    roles = [split_of(path) for path in paths]
    if None in roles or "train" not in roles or len(set(roles)) < 2:
        return paths, None
    tested = next((r for r in ("test", "validation") if r in roles), None)
    parts = {role: [] for role in ("train", tested)}
    for path, role in zip(paths, roles, strict=True):
        if role in parts:
            parts[role].append(path)
        else:
            source.note(f"{printable(path.name)!r} is left aside, as another split.")
    if tested is None:
        return parts["train"], None
    _note_test(parts[tested], source)
    return parts["train"], parts[tested]


def table_to_test(paths, source):
    """Returns the table to test on that lies beside the one to train on, or None.

    Args:
        paths: List of `pathlib.Path`; only a single one that is called like a split
            to train on has another beside it.
        source: The `Source` whose `note` is told of it.
    """
    if len(paths) != 1 or split_of(paths[0]) != "train":
        return None
    path = paths[0]
    for name in (*SPLITS["test"], *SPLITS["validation"]):
        for spelt in (name, name.capitalize(), name.upper()):
            other = path.with_name(TRAIN.sub(spelt, path.name))
            if other.is_file():
                _note_test([other], source)
                return [other]
    return None


def split_of(path):
    """Returns which split a table is by its name, a key of `SPLITS`, or None.

    Example:
        >>> import pathlib
        >>> split_of(pathlib.Path("reviews-dev.csv")), split_of(pathlib.Path("a.csv"))
        ('validation', None)
    """
    if plain_suffix(path) not in RECORD_SUFFIXES:
        return None
    words = re.split("[^a-z]+", path.name.lower())
    roles = {ROLES[word] for word in words if word in ROLES}
    return roles.pop() if len(roles) == 1 else None


def _note_test(paths, source):
    names = ", ".join(printable(path.name) for path in paths[:5])
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    source.note(f"Kept to test on: {names}{more}.")
