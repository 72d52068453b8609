"""From a corpus to token shards, in several processes and restartable."""

import collections
import concurrent.futures
import concurrent.futures.process
import contextlib
import hashlib
import json
import multiprocessing
import os
import pathlib
import sys
import tempfile
import threading
import types
from typing import Any

import numpy as np

from kerassl import allowed, files
from kerassl.checks import check_integer, user_path
from kerassl.data.shards import (
    FORMAT,
    MANIFEST,
    TOKENIZER,
    UNFINISHED,
    TokenShards,
    shard_file,
)
from kerassl.data.windows import DocumentEncoder
from kerassl.errors import InvalidValue
from kerassl.locks import locked
from kerassl.progress import track
from kerassl.tokenizers import load_tokenizer, save_tokenizer, train_tokenizer
from kerassl.tokenizers.storing import ASSETS_FOLDER, CONFIG_FILE
from kerassl.tokenizers.strings import as_strings
from kerassl.tokenizers.training import KINDS

# Kinds whose vocabulary may leave characters out.
SPELLING_KINDS = ("wordpiece", "sentencepiece")
# Where tokenizers were in 0.1.0, by whose hashes shards know theirs.
FORMER_MODULES = {
    "kerassl>WordPieceTokenizer": "kerassl.pretext.text.word_piece_tokenizer",
    "kerassl>WordTokenizer": "kerassl.pretext.text.word_tokenizer",
}
# What the shards of 0.1.0 do not tell of their corpus.
NOT_IN_0_1_0 = {"skipped_by_reason", "notes", "digest"}
MOST_WORKERS = 1024
# Documents that a process is handed at once.
DOCUMENTS = 256


def prepare(
    corpus,
    out,
    *,
    tokenizer="bpe",
    vocabulary_size: int = 8000,
    lowercase: bool | None = None,
    character_coverage: float | None = None,
    shard_tokens: int = 1 << 24,
    workers: int | None = None,
    progress: bool | None = None,
):
    """Tokenises a corpus once and stores it as shards of token ids.

    The folder then holds the tokens in files that are read memory-mapped, the
    places where documents begin, the tokenizer, and a manifest with counts,
    hashes and what was left out. The manifest is written last, every file
    under another name first: nothing unfinished is ever read. The same call
    goes on where it was stopped; finished shards whose hashes still match
    their files and the corpus are kept.

    Args:
        corpus: A `kerassl.data.Source` of texts, or what `as_source` makes
            one of: a path, a glob, a list of paths or of strings.
        out: Folder to write to.
        tokenizer: A kind to train, `"bpe"`, `"wordpiece"`, `"sentencepiece"`
            or `"word"`; the folder of a stored tokenizer; or a KerasHub
            tokenizer with start, end and padding tokens.
        vocabulary_size: Pieces of a tokenizer that is trained, at most.
        lowercase: Whether a tokenizer that is trained folds case; None for
            what `train_tokenizer` does for its kind.
        character_coverage: Of a tokenizer that is trained, as in
            `train_tokenizer`; None for its default. Chinese has thousands of
            characters: 0.9995 leaves the rarest out of a small vocabulary.
        shard_tokens: Tokens in a shard, about.
        workers: Processes that tokenise; None for the number of processors.
            With 1 all is done in this process.
        progress: Whether to show a progress bar; None where the error stream
            is a terminal.

    Returns:
        The `TokenShards`.

    Raises:
        ValueError: If an argument is out of range, the tokenizer cannot be
            trained or is not to be although `lowercase` or
            `character_coverage` is given, or the folder holds shards of
            another configuration or another tokenizer.
        FileNotFoundError: If no file of the corpus, or no tokenizer, is there.
        RuntimeError: If a process that tokenises dies.

    Example:
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> texts = ["a cat sat on a mat"] * 9
        >>> source = prepare(texts, folder, vocabulary_size=260, workers=1)
        >>> source.num_documents
        9
    """
    from kerassl.data.conversion import as_source

    workers = (os.cpu_count() or 1) if workers is None else workers
    check_integer("workers", workers, least=1, most=MOST_WORKERS)
    check_integer("shard_tokens", shard_tokens, least=1)
    options = {"lowercase": lowercase, "character_coverage": character_coverage}
    training: dict[str, Any] = {k: v for k, v in options.items() if v is not None}
    if training and not _is_kind(tokenizer):
        raise InvalidValue(
            f"`{next(iter(training))}` must be None where no tokenizer is trained. "
            f"Received: {training} and the tokenizer {_described(tokenizer)!r}"
        )
    if character_coverage is not None and tokenizer not in SPELLING_KINDS:
        raise InvalidValue(
            f"`character_coverage` must be None but for {SPELLING_KINDS}. Received: "
            f"{character_coverage} and the tokenizer {tokenizer!r}"
        )
    source = as_source(corpus, modality="text")
    folder = user_path(out, "out")
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        _write_shards(
            source,
            folder,
            tokenizer,
            vocabulary_size,
            training,
            shard_tokens,
            workers,
            progress,
        )
    return TokenShards(folder, sequence_length=1)


def _write_shards(
    source,
    folder,
    tokenizer,
    vocabulary_size,
    training,
    shard_tokens,
    workers,
    progress,
):
    """Writes the shards that are not there yet, and then their manifest.

    Args:
        source: The texts.
        folder: The folder of the shards, which this process has.
        tokenizer: As for `prepare`, as are the others.
        vocabulary_size: See `tokenizer`.
        training: Options of `train_tokenizer`.
        shard_tokens: See `tokenizer`.
        workers: See `tokenizer`.
        progress: See `tokenizer`.
    """
    settings = {
        "tokenizer": _described(tokenizer),
        "vocabulary_size": vocabulary_size,
        **training,
        "shard_tokens": shard_tokens,
    }
    plan = {
        "format": FORMAT,
        "settings": settings,
        "corpus": json.loads(json.dumps(source.describe())),
    }
    earlier = _earlier(folder, plan)
    if earlier is None:
        # From here on the folder is known for what it is.
        earlier = {**plan, "shards": []}
        files.write_json(folder / UNFINISHED, earlier)
    digest, made = _tokenizer(
        folder,
        tokenizer,
        earlier.get("tokenizer_sha256"),
        lambda: train_tokenizer(
            source, tokenizer, vocabulary_size, **training, progress=progress
        ),
    )
    plan["tokenizer_sha256"] = digest
    # Training adds to the notes, in this call or in an earlier one.
    notes = [*source.notes, *earlier["corpus"].get("notes", ())]
    plan["corpus"]["notes"] = list(dict.fromkeys(notes))
    if made is not None:
        # First the hash, so that what is stored is known to belong here.
        files.write_json(folder / UNFINISHED, {**plan, "shards": earlier["shards"]})
        save_tokenizer(made, folder / TOKENIZER)
    encode = DocumentEncoder(load_tokenizer(folder / TOKENIZER))
    plan["dtype"] = np.dtype(encode.dtype).name
    plan["end_token_id"] = int(encode.end)
    shards = _still_right(folder, earlier["shards"], source)
    files.write_json(folder / UNFINISHED, {**plan, "shards": shards})
    (folder / MANIFEST).unlink(missing_ok=True)
    first = sum(shard["documents"] for shard in shards)
    with _EncodedBatches(source, first, folder, encode, workers, progress) as batches:
        for shard in _gathered(batches, shard_tokens):
            shards.append(_write_shard(folder, len(shards), *shard))
            files.write_json(folder / UNFINISHED, {**plan, "shards": shards})
    totals = {
        name: sum(shard[name] for shard in shards)
        for name in ("tokens", "documents", "text_bytes")
    }
    files.write_json(folder / MANIFEST, {**plan, **totals, "shards": shards})
    (folder / UNFINISHED).unlink()


def _described(tokenizer):
    if isinstance(tokenizer, str | os.PathLike):
        return str(tokenizer)
    return f"<{type(tokenizer).__name__}>"


def _earlier(folder, plan):
    """Returns what an earlier call of the same configuration left, or None."""
    found = [folder / name for name in (MANIFEST, UNFINISHED)]
    found = [path for path in found if path.is_file()]
    if not found:
        return None
    try:
        earlier = dict(allowed.read_json(found[0], str(found[0])))
    except (ValueError, TypeError) as error:
        raise InvalidValue(
            f"{found[0]} must be a manifest of {FORMAT}, but cannot be read: {error}. "
            "Choose another folder with `out`, or remove this one."
        ) from error
    if earlier.get("format") == FORMAT and "tokenizer_sha256" not in earlier:
        return None  # stopped before there was anything to keep
    for part in ("format", "settings", "corpus"):
        changed = _changed(earlier.get(part), plan[part])
        if changed:
            raise InvalidValue(
                f"{folder} holds shards of another configuration: {part} has another "
                f"{changed}. Choose another folder with `out`, or remove this one."
            )
    return earlier


def _changed(earlier, now):
    """Returns in words what is not as it was, or None.

    Shards of 0.1.0 do not know all that is compared now, and notes are no part of
    a configuration.
    """
    if not isinstance(earlier, dict) or not isinstance(now, dict):
        return None if earlier == now else f"value: it was {earlier!r}, now {now!r}"
    for name in earlier:
        if name != "notes" and earlier[name] != now.get(name):
            return f"`{name}`: it was {earlier[name]!r}, now {now.get(name)!r}"
    added = set(now) - set(earlier) - NOT_IN_0_1_0
    return f"`{min(added)}`: now {now[min(added)]!r}" if added else None


def _is_kind(tokenizer):
    return isinstance(tokenizer, str) and tokenizer in KINDS


def _tokenizer(folder, tokenizer, known, train):
    """Returns the hash of a folder's tokenizer, and it if it is to be stored.

    Args:
        folder: The folder of the shards.
        tokenizer: As for `prepare`.
        known: The hash that an earlier call noted, or None.
        train: Function that trains the tokenizer if `tokenizer` is a kind.
    """
    stored = folder / TOKENIZER
    held = _stored_hash(stored)
    if held is not None and held == known and _is_kind(tokenizer):
        return known, None
    if held is None or not _is_kind(tokenizer):
        made = train() if _is_kind(tokenizer) else _given(tokenizer)
        with tempfile.TemporaryDirectory() as scratch:
            save_tokenizer(made, scratch)
            digest = _stored_hash(pathlib.Path(scratch))
        if known in (None, digest) and held in (None, digest):
            return digest, made if held is None else None
    raise InvalidValue(
        f"{stored} must hold the tokenizer of these shards, but holds another. Give "
        "its folder as `tokenizer` to use it, choose another folder with `out`, or "
        "remove this one."
    )


def _given(tokenizer):
    if not isinstance(tokenizer, str | os.PathLike):
        return tokenizer
    path = user_path(tokenizer, "tokenizer")
    if not path.is_dir():
        raise FileNotFoundError(
            f"`tokenizer` must be one of {KINDS} or the folder of a stored "
            f"tokenizer. Received: {str(tokenizer)!r}"
        )
    return load_tokenizer(path)


def _stored_hash(folder):
    """Returns the hash of a stored tokenizer, None if there is none."""
    if not (folder / CONFIG_FILE).is_file():
        return None
    try:
        config = json.loads((folder / CONFIG_FILE).read_text("utf-8"))
        # Keras counts the objects of a process in their names.
        config["config"].pop("name", None)
        former = FORMER_MODULES.get(config.get("registered_name"))
        config |= {"module": former} if former else {}
    except (ValueError, KeyError, TypeError, AttributeError):
        config = None  # spoilt: no tokenizer has this hash
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    for path in sorted((folder / ASSETS_FOLDER).glob("*")):
        digest.update(f"{path.name} {_file_hash(path)}".encode())
    return digest.hexdigest()


def _still_right(folder, shards, source):
    """Returns the first of the shards, as far as they fit files and corpus."""
    kept, first = [], 0
    for shard in shards:
        stop = first + shard["documents"]
        if stop > len(source) or any(
            _file_hash(shard_file(folder, shard, name)) != shard[digest]
            for name, digest in (
                ("file", "sha256"),
                ("documents_file", "documents_sha256"),
            )
        ):
            break
        texts = hashlib.sha256()
        for begin in range(first, stop, DOCUMENTS):
            _hash_texts(texts, _texts(source, begin, min(begin + DOCUMENTS, stop)))
        if texts.hexdigest() != shard["text_sha256"]:
            break
        kept.append(shard)
        first = stop
    return kept


def _texts(source, begin, stop):
    """Returns documents as bytes."""
    return list(source.fetch(np.arange(begin, stop)).numpy())


def _hash_texts(digest, texts):
    for text in texts:
        digest.update(len(text).to_bytes(8, "little"))
        digest.update(text)


class _EncodedBatches:
    """Context of batches (texts, tokens, starts) in the order of the source."""

    def __init__(self, source, first, folder, encode, workers, progress):
        self.source, self.encode = source, encode
        self.begins = range(first, len(source), DOCUMENTS)
        # A process takes seconds to start, so a small corpus needs none.
        workers = min(workers, len(self.begins) // 8)
        self.workers, self.pool = workers, None
        if workers > 1:
            self.pool = concurrent.futures.ProcessPoolExecutor(
                workers,
                multiprocessing.get_context("spawn"),
                _start_process,
                (str(folder / TOKENIZER),),
            )
        self.progress = progress

    def __enter__(self):
        return track(
            self._together() if self.pool else self._alone(),
            "Tokenising",
            total=len(self.begins),
            shown=self.progress,
        )

    def __exit__(self, *error):
        if self.pool:
            self.pool.shutdown(cancel_futures=True)

    def _read(self, begin):
        return _texts(self.source, begin, min(begin + DOCUMENTS, len(self.source)))

    def _alone(self):
        for begin in self.begins:
            texts = self._read(begin)
            yield texts, *self.encode(as_strings(texts))

    def _together(self):
        waiting = collections.deque()
        for begin in self.begins:
            texts = self._read(begin)
            with _without_script():  # a process may start here
                result = self.pool.submit(_encode_in_process, texts)
            waiting.append((texts, result))
            if len(waiting) > 2 * self.workers:
                yield self._made(*waiting.popleft())
        for texts, result in waiting:
            yield self._made(texts, result)

    def _made(self, texts, result):
        try:
            return texts, *result.result()
        except concurrent.futures.process.BrokenProcessPool as error:
            raise RuntimeError(
                "A process that tokenises has died, perhaps for lack of memory. The "
                f"same call goes on; `workers` was {self.workers}, give fewer."
            ) from error


@contextlib.contextmanager
def _without_script():
    """Keeps processes that start now from running the caller's script again.

    A spawned process imports the script of its parent. One that calls `prepare`
    outside of `if __name__ == "__main__"` would so call it in each of them.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


_encoder_of_process = None


def _start_process(folder):
    global _encoder_of_process
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _encoder_of_process = DocumentEncoder(load_tokenizer(folder))


def _end_with_parent():
    # One that is killed leaves its processes waiting for work, for ever.
    multiprocessing.parent_process().join()
    os._exit(1)


def _encode_in_process(texts):
    return _encoder_of_process(as_strings(texts))


def _gathered(batches, shard_tokens):
    """Yields (tokens, starts, texts' hash, texts' bytes) of each shard."""
    tokens, starts, digest, size = [], [], hashlib.sha256(), 0
    for texts, found, begins in batches:
        starts.append(begins + sum(map(len, tokens)))
        tokens.append(found)
        _hash_texts(digest, texts)
        size += sum(map(len, texts))
        if sum(map(len, tokens)) >= shard_tokens:
            yield np.concatenate(tokens), np.concatenate(starts), digest, size
            tokens, starts, digest, size = [], [], hashlib.sha256(), 0
    if tokens:
        yield np.concatenate(tokens), np.concatenate(starts), digest, size


def _write_shard(folder, number, tokens, starts, digest, size):
    names = [f"{kind}-{number:05d}.npy" for kind in ("tokens", "documents")]
    for name, array in zip(names, (tokens, starts), strict=True):
        with files.atomic(folder / name) as unfinished:
            np.save(unfinished, array)
    return {
        "file": names[0],
        "documents_file": names[1],
        "tokens": len(tokens),
        "documents": len(starts),
        "text_bytes": size,
        "sha256": _file_hash(folder / names[0]),
        "documents_sha256": _file_hash(folder / names[1]),
        "text_sha256": digest.hexdigest(),
    }


def _file_hash(path):
    if not path.is_file():
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
