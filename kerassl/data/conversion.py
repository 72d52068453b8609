"""Whatever a user calls their data, as a source."""

import glob
import inspect
import pathlib
from importlib.metadata import entry_points

import numpy as np

from kerassl.checks import check_one_of, suggest, user_path
from kerassl.data.arrays import ArraySource, as_array
from kerassl.data.audio import AudioFolder
from kerassl.data.docstrings import docs
from kerassl.data.embedded import digits
from kerassl.data.fonts import glyphs
from kerassl.data.images import ImageFolder
from kerassl.data.keras_datasets import DATASETS, keras_dataset
from kerassl.data.shards import TokenShards
from kerassl.data.sounds import tones
from kerassl.data.source import Source
from kerassl.data.stream import StreamSource
from kerassl.data.tagged_text import TaggedText
from kerassl.data.text import TextSource
from kerassl.errors import InvalidType, InvalidValue
from kerassl.modalities import MODALITIES

# What lies at a path is for the first of these that recognises it. The last reads
# any file, as lines of text.
READERS: tuple[type[Source], ...] = (
    TokenShards,
    ImageFolder,
    AudioFolder,
    TaggedText,
    TextSource,
)
# Where packages of others name sources of theirs, which are asked before the last.
ENTRY_POINTS = "kerassl.sources"
EMBEDDED = {"digits": digits, "docs": docs, "glyphs": glyphs, "tones": tones}
KERAS_PREFIX = "keras:"
ARRAY_SUFFIXES = (".npy", ".npz")


def as_source(examples, *, modality=None, **options):
    """Returns a source of whatever holds the user's examples.

    | `examples` | becomes |
    |---|---|
    | a `Source` | itself |
    | array, list of strings, dict of arrays | `ArraySource` |
    | `"digits"`, `"docs"`, `"glyphs"`, `"tones"` | the embedded set |
    | `"keras:cifar10"` and so on | `keras_dataset` |
    | folder of images, table of their paths and labels | `ImageFolder` |
    | folder of sounds | `AudioFolder` |
    | folder that `prepare` wrote | `TokenShards` |
    | folder of tagged words, such a file (`.conll`) | `TaggedText` |
    | folder of text, text file, glob, list of these | `TextSource` |
    | `.npy` file | `ArraySource` |
    | `tf.data.Dataset` of single examples | `StreamSource` |

    A string is a name or a path, never a document; a list of strings is
    documents, a list of `pathlib.Path` is files. A path that is called like
    an embedded set is written with its folder: `"./digits"`.

    Args:
        examples: See the table.
        modality: A key of `kerassl.modalities.MODALITIES`, such as `"image"`, or
            None to go by what is found. Data of another kind are refused.
        **options: Further arguments of the function or class in the table,
            such as `size` for images or `field` for JSON lines.

    Returns:
        A `Source`.

    Raises:
        FileNotFoundError: If a path or a glob matches nothing.
        TypeError: If `examples` is of an unknown kind, or an option does not
            belong to its kind.
        ValueError: If the data are not of `modality`, or are unusable.

    Example:
        >>> len(as_source(["a document", "another"], modality="text"))
        2
    """
    if modality is not None:
        check_one_of("modality", modality, MODALITIES)
    source = _source(examples, modality, options)
    if modality is not None:
        _check_modality(source, modality)
    return source


def _source(examples, modality, options):
    if isinstance(examples, Source):
        _refuse(options, "a Source")
        return examples
    if isinstance(examples, str):
        if examples in EMBEDDED:
            return _made(EMBEDDED[examples], options)
        if examples.startswith(KERAS_PREFIX):
            name = examples.removeprefix(KERAS_PREFIX)
            return _made(keras_dataset, options, name)
    if isinstance(examples, (str, pathlib.PurePath)):
        return _from_path(examples, modality, options)
    if isinstance(examples, (list, tuple)) and len(examples):
        if all(isinstance(item, pathlib.PurePath) for item in examples):
            return _from_files(list(examples), modality, options)
    if hasattr(examples, "element_spec") and hasattr(examples, "cardinality"):
        _refuse(options, "a tf.data.Dataset")
        return StreamSource(examples)
    return _from_arrays(examples, modality, options)


def _made(make, options, *examples):
    """Returns what a class or a function makes with the user's options."""
    known = list(inspect.signature(make).parameters)[len(examples) :]
    for name in options:
        if name not in known:
            raise InvalidType(
                f"`{name}` is no option of {make.__name__}. Its options: "
                f"{', '.join(known)}"
            )
    return make(*examples, **options)


def _refuse(options, kind):
    if options:
        raise InvalidType(f"{kind} takes no options. Received: {sorted(options)}")


def _from_arrays(examples, modality, options):
    if isinstance(examples, tuple):
        raise InvalidType(
            "Examples must not be a tuple. Give labels apart: "
            "as_source(x, labels=y). Received a tuple of "
            f"{len(examples)}."
        )
    if not isinstance(examples, (dict, list)) and not hasattr(examples, "__array__"):
        raise InvalidType(
            "Examples must be an array, a list of strings, a dict of arrays, a "
            "path, a glob, a tf.data.Dataset or a kerassl.data.Source. Received: "
            f"{type(examples).__name__}"
        )
    if modality is not None and not isinstance(examples, (dict, list)):
        examples = MODALITIES[modality].arranged(as_array("x", examples))
    return _made(ArraySource, options, examples)


def _from_path(examples, modality, options):
    path = user_path(examples, "data")
    if path.is_file() and path.suffix.lower() in ARRAY_SUFFIXES:
        return _from_arrays(_load_array(path), modality, options)
    return _from_files(_existing(path, examples), modality, options)


def _existing(path, examples):
    """Returns the paths that one names, itself or as a glob."""
    if path.exists():
        return [path]
    matches = [pathlib.Path(m) for m in sorted(glob.glob(str(path), recursive=True))]
    if not matches:
        raise FileNotFoundError(_unknown(str(examples)))
    return [match for match in matches if not match.is_dir()] or matches


def _from_files(paths, modality, options):
    reader = reader_of(paths, modality)
    try:
        return _made(reader, options, reader.argument(paths))
    except (FileNotFoundError, InvalidValue) as error:
        hint = "" if reader.recognises(paths) else _where_it_goes(paths, reader)
        if not hint:
            raise
        raise type(error)(f"{str(error).rstrip('.')}. {hint}") from error


def reader_of(paths, modality=None):
    """Returns the source class that reads what lies at some paths.

    Args:
        paths: List of `pathlib.Path`.
        modality: As in `as_source`.
    """
    fitting = [r for r in readers() if modality in (None, r.modality)] or READERS[-1:]
    # The last one is not asked: to look through a large folder takes its time.
    asked = (r for r in fitting[:-1] if r.recognises(paths))
    return next(asked, fitting[-1])


def readers():
    """Returns the source classes that are asked for what lies at a path, in turn.

    Those of other packages are found by their entry points `kerassl.sources`.
    """
    found = [point.load() for point in entry_points(group=ENTRY_POINTS)]
    return [*READERS[:-1], *found, READERS[-1]]


def _where_it_goes(paths, reader):
    """Returns in words which kind of preset takes what `reader` could not read."""
    for other in readers():
        if other.modality != reader.modality and other.recognises(paths):
            article = "an" if other.modality[0] in "aeiou" else "a"
            return f"What is there goes to {article} {other.modality} preset."
    return ""


def _load_array(path):
    """Returns the array in a .npy file."""
    try:
        array = _opened_array(path)
    except OSError as error:
        raise type(error)(f"{path} cannot be read: {error}") from error
    except Exception as error:  # of many kinds, whatever in the file is wrong
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "pickle" in reason or "Python objects" in reason:
            reason = "it holds pickled objects, which may run code"
        raise InvalidValue(
            f"{path} must be an array that numpy.save wrote, of numbers or strings. "
            f"It cannot be read: {reason}"
        ) from error
    if not isinstance(array, np.ndarray):
        raise InvalidValue(
            f"{path} must be one array (.npy). It holds several (.npz): "
            f"{sorted(array.files)}. Give one of them, as numpy.load(path)[name]."
        )
    return np.array(array)


def _opened_array(path):
    with open(path, "rb") as file:
        if file.read(2) == b"PK":  # several arrays; NumPy leaves broken ones open
            file.seek(0)
            return np.load(file, allow_pickle=False)
    # Mapped, so that a head that tells of too much is no request for memory.
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _unknown(name):
    names = [*EMBEDDED, *(KERAS_PREFIX + key for key in DATASETS)]
    return (
        f"No file or folder matches {name!r} (looked from {pathlib.Path.cwd()}), "
        f"and no embedded set is called so ({', '.join(names)}).{suggest(name, names)}"
    )


def _check_modality(source, modality):
    """Raises where the first examples are not of the modality."""
    wanted = MODALITIES[modality]
    if source.modality is not None:
        if source.modality != modality:
            raise InvalidValue(
                f"Expected {modality} data: {wanted.wanted}. Received {source.modality}"
                f" data, read by {type(source).__name__}."
            )
        return
    shape, is_text = _first_example(source)
    if shape is None or (is_text == wanted.is_text and len(shape) == wanted.rank):
        return
    kind = "strings" if is_text else "numbers"
    hint = ""
    if isinstance(source, StreamSource) and len(shape) == wanted.rank + 1:
        hint = " A dataset must not be batched: use dataset.unbatch()."
    raise InvalidValue(
        f"Expected {modality} data: each example one of {wanted.wanted}. Received "
        f"examples of shape {shape} with {kind}.{hint}"
    )


def _first_example(source):
    """Returns (shape, whether it is text), or (None, False) for structures."""
    if isinstance(source, StreamSource):
        spec = source.dataset.element_spec
        if not hasattr(spec, "shape") or spec.shape.rank is None:
            return None, False
        return tuple(spec.shape), spec.dtype.name == "string"
    example = source.fetch(np.array([0]))
    if not hasattr(example, "shape"):
        return None, False
    return tuple(example.shape[1:]), example.dtype.name == "string"
