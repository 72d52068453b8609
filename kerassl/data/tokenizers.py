"""Training a tokenizer on a corpus in one call, and storing it."""

import collections
import io
import json
import os
import pathlib
import re
import tempfile
import warnings
from collections.abc import Iterable, Iterator

import numpy as np
import tensorflow as tf

from kerassl import allowed, files
from kerassl.checks import check_integer, check_number, user_path
from kerassl.errors import InvalidType, InvalidValue
from kerassl.pretext.text.words import EUROPEAN, split_words

KINDS = ("wordpiece", "sentencepiece", "bpe", "word")
ALGORITHMS = ("unigram", "bpe")
WORDPIECE_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
END_OF_TEXT = "<|endoftext|>"
BYTES = 256
# Training sets room aside for as many: a size without measure ends the process.
MOST_PIECES = 1 << 22
CONFIG_FILE = "tokenizer.json"
ASSETS_FOLDER = os.path.join("assets", "tokenizer")

# SentencePiece drops sentences above a length in bytes instead of cutting
# them, so long documents are handed over in pieces of this many characters.
PIECE_CHARACTERS = 1024
CORPUS_BATCH = 512


def train_tokenizer(
    corpus,
    kind: str = "wordpiece",
    vocabulary_size: int = 8000,
    lowercase: bool | None = None,
    out: str | os.PathLike | None = None,
    *,
    algorithm: str = "unigram",
    character_coverage: float = 0.9999,
    min_count: int = 5,
    progress: bool | None = None,
):
    """Trains a tokenizer on a corpus and returns it.

    The same corpus gives the same vocabulary, in the same order, in every
    process. Training reads the corpus with the tokenizer's own normalisation
    and word boundaries, so that what was learned is what is used.

    Args:
        corpus: A `kerassl.data.Source` of texts, or any iterable of `str`.
            It is read once.
        kind: `"wordpiece"` gives a `keras_hub.tokenizers.BertTokenizer` with
            the pieces [PAD] [UNK] [CLS] [SEP] [MASK] at ids 0 to 4;
            `"sentencepiece"` gives a `keras_hub.tokenizers.AlbertTokenizer`
            with `<pad>` `<unk>` [CLS] [SEP] [MASK] there; `"bpe"` gives a
            `keras_hub.tokenizers.GPT2Tokenizer` over bytes, which spells any
            text in any language and keeps all of it, with <|endoftext|> at
            id 0 as start, end and padding; `"word"` gives a
            `kerassl.pretext.text.word_tokenizer.WordTokenizer`, one id a whole word,
            the most frequent first, with the special pieces of `"wordpiece"`
            and the counts that word2vec needs.
        vocabulary_size: Number of pieces, special ones included, at most. A
            small corpus gives fewer; this is said in the notes of a source,
            of any other corpus in a warning.
        lowercase: Fold case. WordPiece and words then lose accents too, as
            BERT's do. None folds it for all kinds but `"bpe"`, which cannot.
        out: Folder to store the tokenizer in, see `load_tokenizer`. None
            stores nothing.
        algorithm: `"unigram"` or `"bpe"`, for `kind="sentencepiece"` only.
        character_coverage: Share of the corpus's characters, in (0, 1], that
            the vocabulary must be able to spell; words with a character
            rarer than that become the unknown piece. Only for
            `"wordpiece"` and `"sentencepiece"`.
        min_count: Rarer words have no entry, for `kind="word"` only.
        progress: Show a progress bar on the terminal while the corpus is
            read. None shows it where the error stream is a terminal.

    Returns:
        A KerasHub tokenizer.

    Raises:
        ValueError: If an argument is out of range, the corpus holds no text,
            its characters alone do not fit in the vocabulary, or it holds no
            word `min_count` times.
        TypeError: If `corpus` is a single string, no iterable or holds something
            else than strings, or `lowercase` is no bool.

    Example:
        >>> tokenizer = train_tokenizer(["a cat", "a hat"], vocabulary_size=12)
        >>> [tokenizer.id_to_token(int(i)) for i in tokenizer("a hat")]
        ['a', 'h', '##at']

    References:
        Devlin et al., 2018, https://arxiv.org/abs/1810.04805 (WordPiece);
        Kudo and Richardson, 2018, https://arxiv.org/abs/1808.06226;
        Radford et al., 2019, section 2.2, Language Models are Unsupervised
        Multitask Learners (byte-level BPE)
    """
    _check_arguments(
        kind, vocabulary_size, lowercase, algorithm, character_coverage, min_count
    )
    if kind == "bpe" and lowercase:
        raise InvalidValue(
            '`lowercase` must be False or None for `kind="bpe"`, which keeps every '
            f"byte of a text. Received: {lowercase}"
        )
    lowercase = kind != "bpe" if lowercase is None else lowercase
    texts = _batches(corpus, progress)
    if kind == "bpe":
        tokenizer = _train_byte_pairs(texts, vocabulary_size)
    elif kind == "word":
        tokenizer = _train_words(texts, vocabulary_size, lowercase, min_count)
    elif kind == "wordpiece":
        tokenizer = _train_wordpiece(
            texts, vocabulary_size, lowercase, character_coverage
        )
    else:
        tokenizer = _train_sentencepiece(
            texts, vocabulary_size, lowercase, algorithm, character_coverage
        )
    if kind != "word" and tokenizer.vocabulary_size() < vocabulary_size:
        _tell_smaller(corpus, vocabulary_size, tokenizer.vocabulary_size())
    if out is not None:
        save_tokenizer(tokenizer, out)
    return tokenizer


def save_tokenizer(tokenizer, folder: str | os.PathLike) -> None:
    """Stores a KerasHub tokenizer in a folder, each file written atomically.

    The layout is that of a KerasHub preset: `tokenizer.json` and the
    vocabulary under `assets/tokenizer/`. `tokenizer.json` is written last, so
    a folder that has one is complete.

    Args:
        tokenizer: A KerasHub tokenizer.
        folder: Folder to write to; made if it is not there.

    Example:
        >>> folder = tempfile.mkdtemp()
        >>> save_tokenizer(train_tokenizer(["a b"], vocabulary_size=7), folder)
        >>> load_tokenizer(folder).vocabulary_size()
        7
    """
    import keras

    folder = user_path(folder, "folder")
    assets = folder / ASSETS_FOLDER
    assets.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / ASSETS_FOLDER).mkdir(parents=True)
        tokenizer.save_assets(str(scratch / ASSETS_FOLDER))
        config = keras.saving.serialize_keras_object(tokenizer)
        (scratch / CONFIG_FILE).write_text(json.dumps(config, indent=2))
        for path in sorted((scratch / ASSETS_FOLDER).iterdir()):
            files.publish(path, assets / path.name)
        files.publish(scratch / CONFIG_FILE, folder / CONFIG_FILE)


def is_stored_tokenizer(folder: str | os.PathLike) -> bool:
    """Tells whether a folder holds the whole of a stored tokenizer."""
    return (pathlib.Path(folder) / CONFIG_FILE).is_file()


def load_tokenizer(folder: str | os.PathLike):
    """Returns the tokenizer that `train_tokenizer(out=folder)` stored.

    Args:
        folder: The folder that was given as `out`.

    Returns:
        A KerasHub tokenizer.

    Raises:
        FileNotFoundError: If the folder holds no stored tokenizer.
        ValueError: If it holds anything else, or a damaged one.

    Example:
        >>> folder = tempfile.mkdtemp()
        >>> _ = train_tokenizer(["a b"], vocabulary_size=7, out=folder)
        >>> [int(i) for i in load_tokenizer(folder)("b a")]
        [6, 5]
    """
    import keras_hub

    import kerassl.pretext.text.word_piece_tokenizer
    import kerassl.pretext.text.word_tokenizer  # noqa: F401, registers tokenizers

    folder = user_path(folder, "folder")
    if not is_stored_tokenizer(folder):
        raise FileNotFoundError(
            f"`folder` must hold a tokenizer stored by `train_tokenizer(out=...)`: "
            f"expected the file {CONFIG_FILE} in it. Received: {str(folder)!r}"
        )
    path = folder / CONFIG_FILE
    config = allowed.read_json(path, str(path))
    tokenizer = allowed.deserialize(config, str(path))
    if not isinstance(tokenizer, keras_hub.tokenizers.Tokenizer):
        raise InvalidValue(f"{path} must be the configuration of a tokenizer.")
    assets = folder / ASSETS_FOLDER
    try:
        if hasattr(tokenizer, "set_proto"):
            # KerasHub's own loader leaves the file of a SentencePiece model open.
            tokenizer.set_proto((assets / "vocabulary.spm").read_bytes())
        else:
            tokenizer.load_assets(str(assets))
    except (ValueError, TypeError, RuntimeError, LookupError) as error:
        what = " ".join(str(error).split())[:200]
        raise InvalidValue(f"{assets} holds no whole vocabulary: {what}") from error
    return tokenizer


def _tell_smaller(corpus, asked, made):
    sentence = f"vocabulary {asked} -> {made}: the corpus has no more pieces"
    if hasattr(corpus, "note"):
        corpus.note(sentence)
    else:
        warnings.warn(sentence, stacklevel=3)


def _check_arguments(
    kind, vocabulary_size, lowercase, algorithm, character_coverage, min_count
):
    if kind not in KINDS:
        raise InvalidValue(f"`kind` must be one of {KINDS}. Received: {kind!r}")
    if algorithm not in ALGORITHMS:
        raise InvalidValue(
            f"`algorithm` must be one of {ALGORITHMS}. Received: {algorithm!r}"
        )
    check_integer("vocabulary_size", vocabulary_size, most=MOST_PIECES)
    check_number("character_coverage", character_coverage, above=0, most=1)
    check_integer("min_count", min_count, least=1)
    if lowercase not in (None, True, False):
        raise InvalidType(
            f"`lowercase` must be a bool or None. Received: {lowercase!r}"
        )
    least = BYTES + 1 if kind == "bpe" else len(WORDPIECE_SPECIAL)
    if vocabulary_size <= least:
        what = "bytes and the end of text" if kind == "bpe" else "special pieces"
        raise InvalidValue(
            f"`vocabulary_size` must be above {least}, the number of {what}. "
            f"Received: {vocabulary_size}"
        )


def _batches(corpus, progress: bool | None) -> Iterator[list[str]]:
    """Yields the corpus in lists of texts, with a progress bar."""
    from rich.console import Console
    from rich.progress import track

    if isinstance(corpus, str | bytes):
        raise InvalidType(
            "`corpus` must be a Source or an iterable of strings, one a document. "
            "Received a single string; did you mean [corpus], or "
            "`kerassl.data.as_source(path)` for a file?"
        )
    if not hasattr(corpus, "fetch") and not isinstance(corpus, Iterable):
        raise InvalidType(
            "`corpus` must be a Source or an iterable of strings, one a document. "
            f"Received: {corpus!r}"
        )
    total = len(corpus) if hasattr(corpus, "__len__") else None
    batches = _source_batches(corpus) if hasattr(corpus, "fetch") else _chunks(corpus)
    console = Console(stderr=True)
    yield from track(
        batches,
        description="Reading the corpus",
        total=total and -(-total // CORPUS_BATCH),
        console=console,
        transient=console.is_terminal,
        disable=not (console.is_terminal if progress is None else progress),
    )


def _source_batches(source) -> Iterator[list[str]]:
    for start in range(0, len(source), CORPUS_BATCH):
        stop = min(start + CORPUS_BATCH, len(source))
        texts = source.fetch(tf.range(start, stop, dtype="int64"))
        if not isinstance(texts, tf.Tensor) or texts.dtype != tf.string:
            raise InvalidType(
                "`corpus` must be a Source of texts. Received a "
                f"{type(source).__name__} whose examples are not strings."
            )
        yield [text.decode("utf-8", "replace") for text in texts.numpy()]


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    chunk = []
    for text in texts:
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        if not isinstance(text, str):
            raise InvalidType(
                "`corpus` must hold strings, one a document. Received an item of "
                f"type {type(text).__name__}."
            )
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidValue(
                "`corpus` must hold strings that UTF-8 can encode. Received one with "
                f"{text[error.start : error.end]!r} in it."
            ) from error
        chunk.append(text)
        if len(chunk) == CORPUS_BATCH:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _empty_corpus():
    return InvalidValue(
        "`corpus` must hold some text to train a tokenizer on. Received one without "
        "a single word."
    )


# --------------------------------------------------------------- WordPiece


def _count_words(batches, lowercase: bool) -> dict[str, int]:
    counts = collections.Counter()
    for texts in batches:
        words = split_words(tf.constant(texts), lowercase, lowercase and EUROPEAN)
        words, numbers = np.unique(words.flat_values.numpy(), return_counts=True)
        for word, number in zip(words, numbers, strict=True):
            counts[word.decode("utf-8", "replace")] += int(number)
    # Case folding turns a few rare signs into ones with a space in them, which
    # a vocabulary file cannot hold. Sorted, so that no later step can depend on
    # the order of a hash.
    return {
        word: number
        for word, number in sorted(counts.items())
        if not any(character.isspace() for character in word)
    }


def _alphabet(counts, coverage: float) -> set[str]:
    """Returns the most frequent characters that cover the corpus."""
    characters = collections.Counter()
    for word, number in counts.items():
        for character in word:
            characters[character] += number
    total, seen, alphabet = sum(characters.values()), 0, set()
    for character, number in sorted(characters.items(), key=lambda x: (-x[1], x[0])):
        if seen >= coverage * total:
            break
        alphabet.add(character)
        seen += number
    return alphabet


def _train_wordpiece(batches, vocabulary_size, lowercase, coverage):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    from kerassl.pretext.text.word_piece_tokenizer import WordPieceTokenizer

    counts = _count_words(batches, lowercase)
    if not counts:
        raise _empty_corpus()
    alphabet = _alphabet(counts, coverage)
    counts = {w: n for w, n in counts.items() if alphabet.issuperset(w)}
    first = {word[0] for word in counts}
    later = {"##" + character for word in counts for character in word[1:]}
    # The trainer takes every character alone too.
    alone = {character for word in counts for character in word} - first
    # Given as special pieces, so that their ids do not follow the trainer's
    # hash order: ties between merges are broken by id.
    pieces = [*WORDPIECE_SPECIAL, *sorted(first), *sorted(later), *sorted(alone)]
    if len(pieces) > vocabulary_size:
        raise InvalidValue(
            f"`vocabulary_size` must be at least {len(pieces)} to spell the "
            f"{len(alphabet)} different characters of this corpus; or lower "
            f"`character_coverage`, now {coverage}. Received: {vocabulary_size}"
        )
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary_size,
        min_frequency=1,
        special_tokens=pieces,
        show_progress=False,
    )
    model = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    model.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    model.train_from_iterator(
        ((word + " ") * number for word, number in counts.items()), trainer
    )
    vocabulary = sorted(model.get_vocab(), key=model.get_vocab().get)
    return WordPieceTokenizer(vocabulary, lowercase)


def _train_words(batches, vocabulary_size, lowercase, min_count):
    from kerassl.pretext.text.word_tokenizer import WordTokenizer

    counts = _count_words(batches, lowercase)
    # Punctuation stands alone after splitting and is no word.
    words = [word for word in counts if any(map(str.isalnum, word))]
    if not words:
        raise _empty_corpus()
    most = max(counts[word] for word in words)
    if most < min_count:
        raise InvalidValue(
            f"`min_count` must be at most {most}, which the most frequent word of this "
            f"corpus reaches. Received: {min_count}"
        )
    words = [word for word in words if counts[word] >= min_count]
    words = sorted(words, key=lambda word: (-counts[word], word))
    words = words[: vocabulary_size - len(WORDPIECE_SPECIAL)]
    kept = [counts[word] for word in words]
    unknown = sum(counts.values()) - sum(kept)
    return WordTokenizer(
        [*WORDPIECE_SPECIAL, *words], [0, unknown, 0, 0, 0, *kept], lowercase
    )


# ------------------------------------------------------------ SentencePiece


def _pieces_of_text(batches) -> Iterator[str]:
    for texts in batches:
        for text in texts:
            piece, size = [], 0
            for word in _parts(text.split()):
                piece.append(word)
                size += len(word) + 1
                if size >= PIECE_CHARACTERS:
                    yield " ".join(piece)
                    piece, size = [], 0
            if piece:
                yield " ".join(piece)


def _parts(words) -> Iterator[str]:
    """Yields words, those longer than a piece in parts."""
    for word in words:
        for start in range(0, len(word), PIECE_CHARACTERS):
            yield word[start : start + PIECE_CHARACTERS]


def _train_sentencepiece(batches, vocabulary_size, lowercase, algorithm, coverage):
    import keras_hub
    import sentencepiece

    sentences = _pieces_of_text(batches)
    head = next(sentences, None)
    if head is None:
        raise _empty_corpus()
    proto = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=_chain(head, sentences),
            model_writer=proto,
            model_type=algorithm,
            vocab_size=vocabulary_size,
            hard_vocab_limit=False,
            character_coverage=coverage,
            normalization_rule_name="nmt_nfkc_cf" if lowercase else "nmt_nfkc",
            max_sentence_length=1 << 20,
            pad_id=0,
            unk_id=1,
            bos_id=2,
            eos_id=3,
            pad_piece="<pad>",
            unk_piece="<unk>",
            bos_piece="[CLS]",
            eos_piece="[SEP]",
            control_symbols=["[MASK]"],
            minloglevel=2,
        )
    except (RuntimeError, ValueError) as error:
        raise _misfit(vocabulary_size, str(error)) from error
    return keras_hub.tokenizers.AlbertTokenizer(proto.getvalue())


# ---------------------------------------------------------- byte-level BPE

# A word never ends inside one of these pieces, wherever a tokenizer of the GPT-2
# family splits: KerasHub's own does so in one way in a graph and in another when
# called eagerly. Merges inside them alone give the same ids in all three. Digits
# stand alone, as in Llama, and so do the spaces of a run.
# Runs are cut at a length, as training takes ever longer over one without end.
BYTE_PIECES = (
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}{1,1000}|\p{N}| ?[^\s\p{L}\p{N}]{1,1000}|\s"
)


def _train_byte_pairs(batches, vocabulary_size):
    import keras_hub
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    texts = (text for batch in batches for text in batch if text.strip())
    head = next(texts, None)
    if head is None:
        raise _empty_corpus()
    model = Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(BYTE_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        min_frequency=1,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    model.train_from_iterator(_chain(head, texts), trainer)
    trained = json.loads(model.to_str())["model"]
    vocabulary = trained["vocab"]
    if not trained["merges"]:
        raise InvalidValue(
            "`corpus` must hold some word of two letters for pairs of bytes to be "
            "merged. Received one of single letters and digits. Give more text."
        )
    return keras_hub.tokenizers.GPT2Tokenizer(
        vocabulary=vocabulary, merges=[" ".join(pair) for pair in trained["merges"]]
    )


def _misfit(vocabulary_size: int, message: str) -> ValueError:
    """Says in our words what SentencePiece found wrong with the size."""
    needed = re.search(r"smaller than required_chars[^0-9]*\d+ vs (\d+)", message)
    if needed:
        return InvalidValue(
            "`vocabulary_size` is too small to spell the characters of this corpus: "
            f"expected more than {needed[1]}; or lower `character_coverage`. "
            f"Received: {vocabulary_size}"
        )
    return InvalidValue(
        f"`vocabulary_size` does not fit this corpus. Received: {vocabulary_size}. "
        f"SentencePiece says: {message}"
    )


def _chain(head, rest):
    yield head
    yield from rest
