"""Token shards: a corpus tokenised once, read from disk window by window."""

import collections
import pathlib

import numpy as np

from kerassl import allowed
from kerassl.checks import user_path
from kerassl.data.windows import TokenWindows
from kerassl.errors import InvalidValue
from kerassl.tokenizers import load_tokenizer

MANIFEST = "manifest.json"
# What stands in its place until all shards are written.
UNFINISHED = "unfinished.json"
TOKENIZER = "tokenizer"
FORMAT = "kerassl token shards"


class TokenShards(TokenWindows):
    """Windows over the shards that `kerassl.data.prepare` wrote.

    The shards are memory-mapped, so a corpus may be larger than memory.

    Args:
        folder: The folder of the shards.
        sequence_length: Tokens that a window asks for, at least 1.

    Attributes:
        manifest: What is in the folder and how it was made, a dict.
        tokenizer: The tokenizer stored beside the shards.

    Raises:
        FileNotFoundError: If the folder holds no finished shards.
        ValueError: If it is of another format, or a shard cannot be read or is
            not as long as the manifest says. Whether its content is right,
            `kerassl.data.prepare` finds out when it is called again.

    Example:
        >>> source = TokenShards("shards/", sequence_length=128)  # doctest: +SKIP
        >>> source.fetch([0])["token_ids"].shape  # doctest: +SKIP
        TensorShape([1, 129])
    """

    @classmethod
    def recognises(cls, paths):
        """Tells whether this is a folder of token shards, finished or not."""
        return len(paths) == 1 and is_shard_folder(paths[0])

    @classmethod
    def fitted_options(cls, sections):
        """Returns the length of the rows that the pretext layer makes."""
        length = sections.get("pretext", {}).get("sequence_length")
        return {} if length is None else {"sequence_length": length}

    def __init__(self, folder, sequence_length: int = 128):
        folder = user_path(folder, "folder")
        self.manifest = read_manifest(folder)
        shards, documents = [], []
        for shard in self.manifest["shards"]:
            tokens = _mapped(shard_file(folder, shard, "file"))
            starts = _mapped(shard_file(folder, shard, "documents_file"))
            if (len(tokens), len(starts)) != (shard["tokens"], shard["documents"]):
                raise InvalidValue(
                    f"{folder / shard['file']} must hold {shard['tokens']} tokens of "
                    f"{shard['documents']} documents, as the manifest says. Received: "
                    f"{len(tokens)} and {len(starts)}. Prepare the shards again."
                )
            shards.append(tokens)
            documents.append(starts)
        tokenizer = load_tokenizer(folder / TOKENIZER)
        super().__init__(shards, documents, sequence_length, tokenizer)
        corpus = self.manifest["corpus"]
        for record in corpus["skipped_first"]:
            self.skip(record["where"], record["reason"])
        self.num_skipped = corpus["skipped"]
        # Shards of 0.1.0 say neither this nor how the corpus was read.
        if "skipped_by_reason" in corpus:
            self.skipped_by_reason = collections.Counter(corpus["skipped_by_reason"])
        for sentence in corpus.get("notes", ()):
            self.note(sentence)


def shard_file(folder, shard, key) -> pathlib.Path:
    """Returns the path of a file that a manifest names, in the folder itself.

    Args:
        folder: The folder of the shards.
        shard: What the manifest says of one of them.
        key: `"file"` or `"documents_file"`.

    Raises:
        ValueError: If the file would lie elsewhere.
    """
    what = f"{pathlib.Path(folder) / MANIFEST}"
    return allowed.inside(pathlib.Path(folder), shard[key], what)


def is_shard_folder(path) -> bool:
    """Tells whether a path is a folder of token shards, finished or not."""
    folder = user_path(path, "data")
    # A tokenizer's vocabulary lies in it too, which must not be read as texts.
    return (folder / "tokens-00000.npy").is_file() or any(
        _has_format(folder / name) for name in (MANIFEST, UNFINISHED)
    )


def read_manifest(folder) -> dict:
    """Returns the manifest of a folder of token shards.

    Args:
        folder: The folder.

    Raises:
        FileNotFoundError: If it holds none.
        ValueError: If it is that of something else.
    """
    path = pathlib.Path(folder) / MANIFEST
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} holds no finished token shards: it has no {MANIFEST}. "
            "`kerassl prepare` makes them, and goes on where it was stopped."
        )
    if not _has_format(path):
        raise InvalidValue(f"{path} must be the manifest of {FORMAT}, but is not.")
    manifest = allowed.read_json(path, str(path))
    try:
        whole = _is_whole(folder, manifest)
    except (LookupError, TypeError):
        whole = False
    if not whole:
        raise InvalidValue(f"{path} is damaged. Prepare the shards again.")
    return manifest


def _is_whole(folder, manifest):
    """Tells whether a manifest has all that is read of it here."""
    counts = [manifest["corpus"]["skipped"]]
    for shard in manifest["shards"]:
        for key in ("file", "documents_file"):
            shard_file(folder, shard, key)
        counts += shard["tokens"], shard["documents"]
    for record in manifest["corpus"]["skipped_first"]:
        _ = record["where"], record["reason"]
    return all(type(count) is int for count in counts)


def _has_format(path):
    """Tells whether a file is a manifest of token shards."""
    if not path.is_file():
        return False
    try:
        return allowed.read_json(path, str(path)).get("format") == FORMAT
    except (ValueError, AttributeError):
        return False


def _mapped(path):
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _unreadable(path, error) from error
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise _unreadable(path, f"it holds {array.dtype} of shape {array.shape}")
    return array


def _unreadable(path, why):
    return InvalidValue(
        f"{path} cannot be read: {why}. Prepare the shards again; those that "
        "are right are kept."
    )
