"""What the words alone tell of their tags, without any encoder."""

import collections

import numpy as np

# Around a sentence, in the place of the word before the first and after the last.
EDGE = "\n"


def lexicon_tags(train, test):
    """Returns for each word the tag that it has most often in training.

    Args:
        train: (words, tags), lists with a tuple for each sentence.
        test: List with a tuple of words for each sentence.

    Returns:
        List with a list of tags for each test sentence; "O" for unseen words.

    Example:
        >>> lexicon_tags(([("in", "Rome")], [("O", "B-LOC")]), [("Rome", "is")])
        [['B-LOC', 'O']]
    """
    counts: dict = collections.defaultdict(collections.Counter)
    for words, tags in zip(*train, strict=True):
        for word, tag in zip(words, tags, strict=True):
            counts[word][tag] += 1
    best = {word: found.most_common(1)[0][0] for word, found in counts.items()}
    return [[best.get(word, "O") for word in words] for words in test]


def window_features(sentences):
    """Returns what a linear model may read of a word: it and its two neighbours.

    Args:
        sentences: List with a tuple of words for each sentence.

    Returns:
        List with a dict for each word of all sentences.

    Example:
        >>> window_features([("in", "Rome")])[0]["after"]
        'Rome'
    """
    found = []
    for words in sentences:
        around = (EDGE, *words, EDGE)
        for before, word, after in zip(around, words, around[2:], strict=False):
            found.append({"before": before, "word": word, "after": after})
    return found


def split_sentences(tags, sentences):
    """Returns tags of all words as a list for each sentence.

    Args:
        tags: Sequence of the tags of all words, one sentence after the other.
        sentences: List with a sequence of words for each sentence.

    Example:
        >>> split_sentences(["O", "O", "B-LOC"], [("it", "is"), ("Rome",)])
        [['O', 'O'], ['B-LOC']]
    """
    ends = np.cumsum([len(words) for words in sentences])
    parts = np.split(np.asarray(tags, object), ends[:-1])
    return [list(part) for part in parts]
