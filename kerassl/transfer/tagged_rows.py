"""Tagged sentences as rows of an encoder's tokens, and where each word begins."""

import keras
import numpy as np
import tensorflow as tf

from kerassl.errors import InvalidValue
from kerassl.tokenizers.tokenizing import tokenize_function

# Words that are tokenised, and rows that are made, at a time.
WORDS, ROWS = 4096, 256
# Special tokens that may stand before a text, at most.
BEFORE = 2


class TaggedRows:
    """Sentences as rows of tokens, the first token of each word with the word's tag.

    Each word is tokenised by itself, with its separator before it. Its other tokens
    have no tag and count nowhere. A word that a row has no room for, or of which the
    tokenizer makes nothing, has no place, and is never found to be in an entity.

    Args:
        source: A `kerassl.data.Source` whose labels are of the kind "tags".
        pretext: A text `PretextLayer` with a tokenizer; its `prepare` makes the rows.
        tags: List of all tags; of others a word has the tag 0.

    Attributes:
        x: The encoder inputs, a dict of arrays (sentences, time).
        words: List with a tuple of words for each sentence.
        tags: List with a tuple of tags for each sentence.
        columns: List with an integer vector for each sentence, the column of each
            word's first token, -1 where it has none.
        targets: int32 array (sentences, time), the tags at these columns.
        weights: float32 array (sentences, time), 1 at these columns and else 0.

    Raises:
        ValueError: If the pretext layer does not keep the tokens that it is given.

    Example:
        >>> from kerassl.data import ArraySource, TaggedWords, train_tokenizer
        >>> from kerassl.pretext import Tokens
        >>> source = ArraySource(["a cat sat"])
        >>> source.labels = np.empty(1, object)
        >>> source.labels[0] = TaggedWords(("a", "cat"), ("O", "B-PET"), " ")
        >>> pretext = Tokens(train_tokenizer(source, vocabulary_size=30), 8)
        >>> TaggedRows(source, pretext, ["O", "B-PET"]).columns[0].tolist()
        [1, 2]
    """

    def __init__(self, source, pretext, tags):
        self.words = [label.words for label in source.labels]
        self.tags = [label.tags for label in source.labels]
        pieces = _pieces(source.labels, pretext.tokenizer)
        rows, self.columns = [], []
        for start in range(0, len(pieces), ROWS):
            some = pieces[start : start + ROWS]
            row_ids = [[i for word in words for i in word] for words in some]
            made = pretext.prepare(tf.ragged.constant(row_ids, tf.int32, ragged_rank=1))
            made = {name: part.numpy() for name, part in made.items()}
            begin = _first_column(made["token_ids"], row_ids)
            for row, ids, words in zip(made["token_ids"], row_ids, some, strict=True):
                self.columns.append(_columns(row, ids, words, begin))
            rows.append(made)
        self.x = keras.tree.map_structure(lambda *p: np.concatenate(p), *rows)
        shape = self.x["token_ids"].shape
        self.targets, self.weights = np.zeros(shape, "int32"), np.zeros(shape, "f4")
        number = {tag: i for i, tag in enumerate(tags)}
        for i, (columns, given) in enumerate(zip(self.columns, self.tags, strict=True)):
            has = columns >= 0
            ids = np.array([number.get(tag, 0) for tag in given], "int32")
            self.targets[i, columns[has]] = ids[has]
            self.weights[i, columns[has]] = 1

    def __len__(self):
        return len(self.words)

    def batch(self, chosen):
        """Returns (x, targets, weights) of sentences at some positions."""
        x = {name: part[chosen] for name, part in self.x.items()}
        return x, self.targets[chosen], self.weights[chosen]

    def decode(self, numbers, tags):
        """Returns the tag of each word.

        Args:
            numbers: Integer array (sentences, time), a tag's number for each token.
            tags: List of all tags; the first is that of a word without a place.

        Returns:
            List with a list of tags for each sentence.
        """
        return [
            [tags[row[column]] if column >= 0 else tags[0] for column in columns]
            for row, columns in zip(numbers, self.columns, strict=True)
        ]


def _pieces(labels, tokenizer):
    """Returns, for each sentence, a list with the token ids of each word."""
    spelled = [
        [label.separator * (i > 0) + word for i, word in enumerate(label.words)]
        for label in labels
    ]
    known = sorted({word for words in spelled for word in words})
    tokenize, ids = tokenize_function(tokenizer), {}
    for start in range(0, len(known), WORDS):
        some = known[start : start + WORDS]
        ids |= dict(zip(some, tokenize(tf.constant(some)).to_list(), strict=True))
    return [[ids[word] for word in words] for words in spelled]


def _first_column(token_ids, row_ids):
    """Returns in which column of the rows a text's first token stands."""
    length = token_ids.shape[1]
    for begin in range(BEFORE + 1):
        kept = [min(len(ids), length - begin - 1) for ids in row_ids]
        if all(
            row[begin : begin + count].tolist() == ids[:count]
            for row, ids, count in zip(token_ids, row_ids, kept, strict=True)
        ):
            return begin
    raise InvalidValue(
        "`pretext` must keep the tokens of a text in its rows, so that words are found "
        "in them. Received a layer that does not."
    )


def _columns(row, ids, words, begin):
    """Returns the column of the first token of each word, -1 where there is none."""
    room = min(len(ids), len(row) - begin)
    same = row[begin : begin + room] == np.array(ids[:room], row.dtype)
    kept = room if same.all() else int(np.argmin(same))  # the end token took its place
    sizes = np.array([len(word) for word in words])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(int)
    return np.where((sizes > 0) & (starts < kept), starts + begin, -1)
