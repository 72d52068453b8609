"""Windows over a stream of tokens, and the stream of a corpus in memory."""

import numpy as np

from kerassl.checks import check_integer
from kerassl.data.coverage import check_learnable
from kerassl.data.source import Source
from kerassl.errors import InvalidValue
from kerassl.tokenizers.byte_pairs import BytePairEncoder, is_byte_level
from kerassl.tokenizers.strings import as_strings
from kerassl.tokenizers.token_rows import TokenRows

ENCODED_TEXTS = 512


class TokenWindows(Source):
    """Windows of equal length over a stream of documents.

    Window n holds the tokens from n * sequence_length on, one more than
    `sequence_length`: the last token of a window is the first of the next, so
    that each is told once. What is left at the end is not read.

    Args:
        shards: List of integer arrays (tokens,), the stream in parts. They
            may be memory-mapped: only what is fetched is read.
        documents: List of integer arrays, where the documents of each shard
            begin in it. Tokens before the first belong to the last document
            of the shard before.
        sequence_length: Tokens that a window asks for, at least 1.
        tokenizer: The tokenizer that made the tokens, or None.

    Attributes:
        tokenizer: As given.
        sequence_length: As given.
        num_tokens: Tokens in the stream.
        num_documents: Documents in the stream.

    Raises:
        ValueError: If the stream is shorter than one window.

    Example:
        >>> source = TokenWindows([np.arange(10)], [np.array([0, 4])], 4)
        >>> len(source), source.fetch([1])["token_ids"].numpy().tolist()
        (2, [[4, 5, 6, 7, 8]])
    """

    modality = "text"
    unit = "windows"

    def __init__(self, shards, documents, sequence_length, tokenizer=None):
        super().__init__()
        check_integer("sequence_length", sequence_length, least=1)
        self.tokenizer = tokenizer
        self.sequence_length = sequence_length
        self._shards, self._documents = shards, documents
        self._first = np.cumsum([0, *map(len, shards)])  # token of each shard
        self._first_document = np.cumsum([0, *map(len, documents)])
        self.num_tokens = int(self._first[-1])
        self.num_documents = int(self._first_document[-1])
        if len(self) < 1:
            raise InvalidValue(
                f"The texts must hold more than `sequence_length`, {sequence_length}, "
                f"tokens to make a window. Received: {self.num_tokens} tokens"
            )

    def __len__(self):
        return max(0, (self.num_tokens - 1) // self.sequence_length)

    def fetch(self, indices):
        """Returns the windows at `indices`, in graph.

        Args:
            indices: int64 tensor of shape (batch,), each in [0, len(self)).

        Returns:
            A dict of int32 tensors (batch, sequence_length + 1):
            `"token_ids"`, and `"segment_ids"`, the number of the token's
            document, counted from 0 in each window.
        """
        import tensorflow as tf

        indices = tf.convert_to_tensor(indices, tf.int64)
        parts = tf.numpy_function(
            self._read, [indices], (tf.int32, tf.int32), stateful=False
        )
        for part in parts:
            part.set_shape([*indices.shape, self.sequence_length + 1])
        return {"token_ids": parts[0], "segment_ids": parts[1]}

    def describe(self):
        return {
            **super().describe(),
            "tokens": self.num_tokens,
            "documents": self.num_documents,
            "sequence_length": self.sequence_length,
        }

    def _read(self, indices):
        columns = np.arange(self.sequence_length + 1)
        where = indices[:, None] * self.sequence_length + columns
        shard = np.searchsorted(self._first, where, side="right") - 1
        tokens = np.empty(where.shape, np.int32)
        documents = np.empty(where.shape, np.int64)
        for i in np.unique(shard):
            inside = shard == i
            local = where[inside] - self._first[i]
            tokens[inside] = self._shards[i][local]
            number = np.searchsorted(self._documents[i], local, side="right")
            documents[inside] = number + self._first_document[i]
        segments = documents - documents[:, :1]
        return tokens, segments.astype(np.int32)


class DocumentEncoder:
    """Encodes documents, the end-of-text token before each.

    The ids are those of the text pretext layers.

    Args:
        tokenizer: A KerasHub tokenizer with start, end and padding tokens.

    Attributes:
        dtype: uint16 where the vocabulary fits in it, else uint32.

    Raises:
        ValueError: If the tokenizer lacks one of these tokens.

    Example:
        >>> from kerassl.data import train_tokenizer
        >>> tokenizer = train_tokenizer(["a b c d"], vocabulary_size=9)
        >>> tokens, starts = DocumentEncoder(tokenizer)(["a b", "c"])
        >>> tokens.tolist(), starts.tolist()
        ([3, 5, 6, 3, 7], [0, 3])
    """

    def __init__(self, tokenizer):
        self._rows = TokenRows(tokenizer, sequence_length=3)
        self.end = self._rows.special_ids()["end"]
        self.dtype = smallest_dtype(tokenizer.vocabulary_size())
        self._fast = BytePairEncoder(tokenizer) if is_byte_level(tokenizer) else None

    def __call__(self, texts: list[str]):
        """Returns (tokens, starts) of a list of texts.

        Args:
            texts: Strings, one a document.

        Returns:
            tokens: Integer array, all documents one after the other.
            starts: int64 array, where each document begins in it.
        """
        if not texts:
            return np.empty(0, self.dtype), np.empty(0, np.int64)
        if self._fast is not None:
            rows = self._fast.encode(texts)
            lengths = np.array([len(row) for row in rows], np.int64)
            flat = np.concatenate(rows)
        else:
            import tensorflow as tf

            rows = self._rows.tokens(tf.constant(texts))
            lengths, flat = rows.row_lengths().numpy(), rows.flat_values.numpy()
        before = np.cumsum(lengths) - lengths
        tokens = np.insert(flat, before, self.end).astype(self.dtype)
        return tokens, before + np.arange(len(texts))


def smallest_dtype(vocabulary_size: int):
    """Returns the smallest of uint16 and uint32 that holds every token id.

    Args:
        vocabulary_size: Number of token ids.
    """
    return np.uint16 if vocabulary_size <= 1 << 16 else np.uint32


def pack_documents(source, tokenizer, sequence_length: int):
    """Returns the windows over all texts of a source, held in memory.

    Every text is tokenised at once, about a million tokens in two seconds on
    one core. For gigabytes of text, prepare shards first (`kerassl.data.prepare`).

    Args:
        source: A `Source` of texts, read in its order.
        tokenizer: As for `DocumentEncoder`.
        sequence_length: As for `TokenWindows`.

    Returns:
        A `TokenWindows`.

    Raises:
        ValueError: If the texts do not fill one window.

    Example:
        >>> from kerassl.data import ArraySource, train_tokenizer
        >>> texts = ["a b c d", "d c b a"]
        >>> tokenizer = train_tokenizer(texts, vocabulary_size=9)
        >>> len(pack_documents(ArraySource(texts), tokenizer, 3))
        3
    """
    encode, shards, documents = DocumentEncoder(tokenizer), [], []
    for begin in range(0, len(source), ENCODED_TEXTS):
        positions = np.arange(begin, min(begin + ENCODED_TEXTS, len(source)))
        tokens, starts = encode(as_strings(source.fetch(positions).numpy()))
        documents.append(starts + sum(shard.size for shard in shards))
        shards.append(tokens)
    stream, begins = np.concatenate(shards), np.concatenate(documents)
    return TokenWindows([stream], [begins], sequence_length, tokenizer)


def windows_for(source, pretext):
    """Returns a source as a pretext layer reads it.

    Args:
        source: A `Source`.
        pretext: A `PretextLayer`. One with `packs_documents` gets windows
            over the texts of a source with random access.

    Returns:
        A `Source`; the same one where nothing is to be packed.

    Raises:
        ValueError: If the texts do not fill one window, or the layer finds
            nothing to learn from in any example.
    """
    if getattr(pretext, "packs_documents", False) and not source.sequential:
        first = source.fetch(np.array([0])) if len(source) else None
        is_text = getattr(getattr(first, "dtype", None), "name", "") == "string"
        if is_text and len(first.shape) == 1:
            source = pack_documents(source, pretext.tokenizer, pretext.sequence_length)
    check_learnable(source, pretext)
    return source
