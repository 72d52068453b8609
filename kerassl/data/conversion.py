"""Whatever a user calls their data, as a source."""

import difflib
import glob
import inspect
import pathlib

import numpy as np

from kerassl.checks import user_path
from kerassl.data.arrays import ArraySource, as_array
from kerassl.data.docstrings import docs
from kerassl.data.embedded import digits
from kerassl.data.files import files_below
from kerassl.data.fonts import glyphs
from kerassl.data.image_files import is_image_file
from kerassl.data.images import ImageFolder
from kerassl.data.keras_datasets import DATASETS, keras_dataset
from kerassl.data.shards import TokenShards, is_shard_folder
from kerassl.data.source import Source
from kerassl.data.stream import StreamSource
from kerassl.data.text import TextSource, is_text_file
from kerassl.data.windows import TokenWindows
from kerassl.errors import InvalidType, InvalidValue

MODALITIES = ("image", "text", "vector")
EMBEDDED = {"digits": digits, "docs": docs, "glyphs": glyphs}
KERAS_PREFIX = "keras:"


def as_source(examples, *, modality=None, **options):
    """Returns a source of whatever holds the user's examples.

    | `examples` | becomes |
    |---|---|
    | a `Source` | itself |
    | array, list of strings, dict of arrays | `ArraySource` |
    | `"digits"`, `"docs"`, `"glyphs"` | the embedded set |
    | `"keras:cifar10"` and so on | `keras_dataset` |
    | folder of images | `ImageFolder` |
    | folder that `prepare` wrote | `TokenShards` |
    | folder of text, text file, glob, list of these | `TextSource` |
    | `.npy` file | `ArraySource` |
    | `tf.data.Dataset` of single examples | `StreamSource` |

    A string is a name or a path, never a document; a list of strings is
    documents, a list of `pathlib.Path` is files. A path that is called like
    an embedded set is written with its folder: `"./digits"`.

    Args:
        examples: See the table.
        modality: `"image"`, `"text"`, `"vector"`, or None to go by what is
            found. Data of another kind are refused.
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
    if modality is not None and modality not in MODALITIES:
        raise InvalidValue(
            f"`modality` must be one of {MODALITIES}. Received: {modality!r}"
        )
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
            return _from_paths(list(examples), modality, options)
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
    if modality == "image" and not isinstance(examples, dict):
        examples = as_array("x", examples)
        if examples.ndim == 3:  # grey images without a channel axis
            examples = examples[..., np.newaxis]
    return _made(ArraySource, options, examples)


def _from_path(examples, modality, options):
    path = user_path(examples, "data")
    if is_shard_folder(path):
        return _made(TokenShards, options, path)
    if path.is_dir():
        if modality is None:
            modality = "image" if _has_images(path) else "text"
        if modality == "image":
            return _made(ImageFolder, options, path)
        return _text(examples, options)
    if path.is_file():
        if path.suffix.lower() in (".npy", ".npz"):
            return _from_arrays(_load_array(path), modality, options)
        return _from_paths([path], modality, options)
    matches = sorted(glob.glob(str(path), recursive=True))
    if not matches:
        raise FileNotFoundError(_unknown(str(examples)))
    matches = [pathlib.Path(match) for match in matches]
    files = [match for match in matches if not match.is_dir()]
    return _from_paths(files or matches, modality, options)


def _from_paths(paths, modality, options):
    """Returns a source of text files; image files are read by the folder."""
    if len(paths) == 1 and paths[0].is_dir():
        return _from_path(paths[0], modality, options)
    if modality == "image" or is_image_file(paths[0]):
        raise InvalidValue(
            "Images are read from a folder, such as "
            f"{str(paths[0].parent)!r}. Received: {str(paths[0])!r}"
            + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
            + (". Text files go to a text preset." if is_text_file(paths[0]) else "")
        )
    return _text(paths, options)


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


def _text(patterns, options):
    try:
        return _made(TextSource, options, patterns)
    except FileNotFoundError as error:
        folder = pathlib.Path(str(patterns)).expanduser()
        if folder.is_dir() and _has_images(folder):
            raise FileNotFoundError(
                f"{error} Images go to an image preset, such as simclr_digits."
            ) from None
        raise


def _has_images(folder):
    return any(is_image_file(path) for path in files_below(folder))


def _unknown(name):
    names = [*EMBEDDED, *(KERAS_PREFIX + key for key in DATASETS)]
    near = difflib.get_close_matches(name, names, n=2)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return (
        f"No file or folder matches {name!r} (looked from {pathlib.Path.cwd()}), "
        f"and no embedded set is called so ({', '.join(names)}).{hint}"
    )


def _check_modality(source, modality):
    """Raises where the first examples are not of the modality."""
    if isinstance(source, TokenWindows) and modality != "text":
        raise InvalidValue(f"Expected {modality} data. Received tokens of text.")
    if isinstance(source, (ImageFolder, TextSource)):
        spec = {ImageFolder: "image", TextSource: "text"}[type(source)]
        if spec != modality:
            raise InvalidValue(f"Expected {modality} data. Received {spec} files.")
        return
    shape, is_text = _first_example(source)
    if shape is None:
        return
    ranks = {"image": 3, "text": 0, "vector": 1}
    if is_text != (modality == "text") or len(shape) != ranks[modality]:
        wanted = {
            "image": "images of shape (height, width, channels)",
            "text": "strings",
            "vector": "vectors of numbers",
        }[modality]
        kind = "strings" if is_text else "numbers"
        hint = ""
        if isinstance(source, StreamSource) and len(shape) == ranks[modality] + 1:
            hint = " A dataset must not be batched: use dataset.unbatch()."
        raise InvalidValue(
            f"Expected {modality} data: each example one of {wanted}. Received "
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
