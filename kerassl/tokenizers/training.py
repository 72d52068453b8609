"""Training a tokenizer on a corpus in one call."""

import os
import warnings

from kerassl.checks import check_integer, check_number
from kerassl.errors import InvalidType, InvalidValue
from kerassl.tokenizers.corpus import corpus_batches
from kerassl.tokenizers.kinds.byte_pair import BYTES, train_byte_pairs
from kerassl.tokenizers.kinds.sentence_piece import train_sentence_piece
from kerassl.tokenizers.kinds.word import train_words
from kerassl.tokenizers.kinds.word_piece import train_word_piece
from kerassl.tokenizers.storing import save_tokenizer
from kerassl.tokenizers.word_counts import SPECIAL

KINDS = ("wordpiece", "sentencepiece", "bpe", "word")
ALGORITHMS = ("unigram", "bpe")
# Training sets room aside for as many: a size without measure ends the process.
MOST_PIECES = 1 << 22


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
    field: str | None = None,
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
            text in any language and keeps all of it, with `<|endoftext|>` at
            id 0 as start, end and padding; `"word"` gives a
            `kerassl.tokenizers.WordTokenizer`, one id a whole word,
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
        field: Which entry of a source's examples is the text, where they are dicts;
            None for their only string.
        progress: Show a progress bar on the terminal while the corpus is
            read. None shows it where the error stream is a terminal.

    Returns:
        A KerasHub tokenizer.

    Raises:
        ValueError: If an argument is out of range, the corpus holds no text,
            `field` does not name it, its characters alone do not fit in the
            vocabulary, or it holds no word `min_count` times.
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
    texts = corpus_batches(corpus, field, progress)
    if kind == "bpe":
        tokenizer = train_byte_pairs(texts, vocabulary_size)
    elif kind == "word":
        tokenizer = train_words(texts, vocabulary_size, lowercase, min_count)
    elif kind == "wordpiece":
        tokenizer = train_word_piece(
            texts, vocabulary_size, lowercase, character_coverage
        )
    else:
        tokenizer = train_sentence_piece(
            texts, vocabulary_size, lowercase, algorithm, character_coverage
        )
    if kind != "word" and tokenizer.vocabulary_size() < vocabulary_size:
        _tell_smaller(corpus, vocabulary_size, tokenizer.vocabulary_size())
    if out is not None:
        save_tokenizer(tokenizer, out)
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
    least = BYTES + 1 if kind == "bpe" else len(SPECIAL)
    if vocabulary_size <= least:
        what = "bytes and the end of text" if kind == "bpe" else "special pieces"
        raise InvalidValue(
            f"`vocabulary_size` must be above {least}, the number of {what}. "
            f"Received: {vocabulary_size}"
        )
