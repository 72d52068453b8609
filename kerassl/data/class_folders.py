"""What the folders above files say: splits, classes, or nothing."""

import collections
import pathlib

import numpy as np

from kerassl.data.records import MissingField, number_labels
from kerassl.data.source import printable
from kerassl.errors import InvalidValue

# What folders of splits are called, in any case.
SPLITS = {
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "validation": ("val", "valid", "validation", "dev"),
    "unlabelled": ("unlabeled", "unlabelled"),
}
ROLES = {name: role for role, names in SPLITS.items() for name in names}
# Up to this share of the files may lie beside the class folders by mistake.
STRAY_SHARE = 0.1


def training_part(root, files, source):
    """Returns what of a folder is for training, and what is for testing.

    Where the folders at its top are splits, such as `train`, `val` and `test`, the
    examples are those below `train`.

    Args:
        root: The folder.
        files: Its data files, a list of `pathlib.Path`.
        source: The `Source` whose `skip` and `note` are told what is left out.

    Returns:
        The folder whose subfolders are the classes, its files, and the folder of the
        split to test on or None. Without splits the first two are as they came.

    Raises:
        ValueError: If there are splits, but none, or two, to train on.
    """
    folders, strays = _sorted_by_folder(root, files)
    roles = {name: ROLES.get(name.lower()) for name in folders}
    if not folders or not _are_few(strays, files):
        return root, files, None
    if None in roles.values():
        _note_mixture(roles, source)
        _note_inner_splits(root, files, source)
        return root, files, None
    named = {role: [n for n in roles if roles[n] == role] for role in SPLITS}
    if len(folders) == 1:
        named["train"] = list(folders)  # whatever it is called, it is all there is
    if len(named["train"]) != 1 or len(named["test"]) > 1:
        raise InvalidValue(
            f"The folders of {printable(root)} are called like splits: "
            f"{', '.join(folders)}. Just one of them must be called train and at most "
            "one test, or one of them must be given as the data."
        )
    for file in strays:
        source.skip(file, "beside the folders of the splits")
    (train,) = named["train"]
    tests = named["test"] or named["validation"] if len(folders) > 1 else []
    test = tests[0] if tests else None
    _note_splits(train, test, folders, source)
    return root / train, folders[train], test and root / test


def classes_of(root, files, source):
    """Returns files with their class folders, None for these where there are none.

    Subfolders are classes where the files lie in two or more of them. The few files
    that lie beside them are left out.

    Args:
        root: The folder.
        files: Its data files, a list of `pathlib.Path`.
        source: The `Source` whose `skip` and `note` are told what is left out.

    Returns:
        The files, and a list with the name of each one's class folder, or None.
    """
    folders, strays = _sorted_by_folder(root, files)
    if len(folders) < 2:
        return files, None
    if not _are_few(strays, files):
        first = printable(strays[0].name)
        source.note(
            f"No labels: {len(strays)} of {len(files)} files lie beside the folders, "
            f"such as {first}. Subfolders are classes where all files lie in them."
        )
        return files, None
    for file in strays:
        source.skip(file, "beside the class folders")
    kept = [file for file in files if file.parent != root]
    return kept, [file.relative_to(root).parts[0] for file in kept]


def set_classes(source, classes, counts=None):
    """Sets the labels and the class names of a source.

    Args:
        source: The `Source`.
        classes: The class name of each file, or None for no labels.
        counts: How many examples each file holds; None for one.
    """
    if classes is None:
        return
    counts = np.ones(len(classes), int) if counts is None else np.asarray(counts)
    found = [name for name, count in zip(classes, counts, strict=True) if count]
    if len(set(found)) < 2:
        source.note(
            f"No labels: of all class folders only {printable(found[0])!r} holds "
            "examples that can be used."
        )
        return
    set_labels(source, found, counts[counts > 0])


def set_labels(source, labels, counts=1):
    """Sets the labels of a source by what the user calls them, and their names.

    Args:
        source: The `Source`.
        labels: List of strings and integers.
        counts: How many examples have each of them, one after the other.
    """
    numbers, source.class_names = number_labels(labels)
    source.labels = np.repeat(np.array(numbers, np.int64), counts)


def set_test(source, test):
    """Sets the split to test on, with labels that count the source's classes.

    Args:
        source: The `Source` that is trained on.
        test: The `Source` to test on.

    Raises:
        ValueError: If the test split has a class that the other has not.
    """
    if source.labels is not None and test.labels is None:
        source.note("The split to test on is left aside: it has no labels.")
        return
    if source.labels is not None:
        known = {name: i for i, name in enumerate(source.class_names)}
        more = sorted(set(test.class_names) - set(known))
        if more:
            raise InvalidValue(
                "The classes to test on must be among those of the split to train on, "
                f"{_few(known)}. Received: {_few(more)}"
            )
        less = sorted(set(known) - set(test.class_names))
        if less:
            source.note(f"The split to test on has no example of {_few(less)}.")
        numbers = np.array([known[name] for name in test.class_names], np.int64)
        test.labels, test.class_names = numbers[test.labels], source.class_names
    source.test = test


def read_test(source, read):
    """Reads the split to test on and sets it, but for a table that lacks a column.

    Args:
        source: The `Source` that is trained on.
        read: Function that gives the `Source` to test on.

    Raises:
        ValueError: As `set_test`, or as `read` does of other things.
    """
    try:
        test = read()
    except MissingField as error:
        source.note(f"The split to test on is left aside. {error}")
    else:
        set_test(source, test)


def _sorted_by_folder(root, files):
    """Returns {folder at the top: its files}, and the files that lie in none."""
    folders, strays = collections.defaultdict(list), []
    for file in files:
        parts = file.relative_to(root).parts
        (folders[parts[0]] if len(parts) > 1 else strays).append(file)
    return dict(folders), strays


def _are_few(strays, files):
    return len(strays) <= max(1, STRAY_SHARE * len(files))


def _note_mixture(roles, source):
    splits = [name for name, role in roles.items() if role]
    others = [name for name, role in roles.items() if not role]
    if splits:
        source.note(
            f"The folder {splits[0]!r} is taken for a class, like {others[0]!r}."
        )


def _note_inner_splits(root, files, source):
    inner = [file.relative_to(root).parts[1:-1] for file in files]
    names = {parts[0] if parts else "" for parts in inner}
    roles = {ROLES.get(name.lower()) for name in names}
    if len(roles) > 1 and None not in roles:
        source.note(
            f"The folders {_few(sorted(names))} below the classes are not told apart: "
            "splits are recognised above the classes."
        )


def _note_splits(train, test, folders, source):
    if len(folders) == 1:
        source.note(f"The classes are the folders in {train!r}.")
        return
    aside = [name for name in folders if name not in (train, test)]
    parts = [f"{train!r} is trained on"]
    if test:
        parts.append(f"{test!r} kept to test on")
    parts += [f"{len(folders[name])} files of {name!r} left aside" for name in aside]
    source.note(f"The folders {_few(folders)} are splits: {', '.join(parts)}.")


def _few(names, limit=5):
    names = [printable(name) for name in names]
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def folder_of(patterns):
    """Returns the one folder that patterns name, or None where they name files.

    Args:
        patterns: A path, or a list of paths.

    Example:
        >>> folder_of(["a.txt", "b.txt"]) is None
        True
    """
    if isinstance(patterns, (list, tuple)):
        if len(patterns) != 1:
            return None
        patterns = patterns[0]
    root = pathlib.Path(patterns).expanduser()
    return root if root.is_dir() else None
