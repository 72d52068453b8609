"""Corpora on which presets are measured beside their own data."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from benchmarks import real_data
from kerassl.data import ArraySource, Source


@dataclass(frozen=True)
class Corpus:
    """Examples to pretrain on and labelled ones to measure with.

    Attributes:
        modality: Whose presets it is for.
        about: What it is, in a few words.
        read: Function of whether settings are to be chosen, that returns three
            sources: to pretrain on, with labels to train on, and with labels to test
            on. Where settings are chosen, no test example is among them.
        transfer: What the comparison is asked for here, in place of the preset's.
    """

    modality: str
    about: str
    read: Callable[[bool], tuple[Source, Source, Source]]
    transfer: dict = field(default_factory=dict)


HELD_OUT, VALIDATED = 2000, 1500
PASSAGE_CHARACTERS = 130
KEPT_PHOTOGRAPHS = 10_000


def topics(validate: bool) -> tuple[Source, Source, Source]:
    """Returns encyclopedia summaries with their topics, 2,000 of them to test on."""
    texts, labels, names = real_data.wiki_topics()
    order = np.random.default_rng(0).permutation(len(texts))

    def source(rows):
        return ArraySource([texts[row] for row in rows], labels[rows], names)

    rest, held = order[HELD_OUT:], order[:HELD_OUT]
    if validate:
        rest, held = rest[VALIDATED:], rest[:VALIDATED]
    train = source(rest)
    return train, train, source(held)


def sentiment(validate: bool) -> tuple[Source, Source, Source]:
    """Returns passages of film reviews and summaries, and sentences of SST-2."""
    reviews, _ = real_data.movie_reviews()
    unlabelled = passages([*reviews, *real_data.wiki_summaries()])
    train, test = (
        ArraySource(*real_data.sst2(split), ("negative", "positive"))
        for split in ("train", "dev" if validate else "test")
    )
    return ArraySource(unlabelled), train, test


def passages(documents: list[str]) -> list[str]:
    """Returns the sentences of documents, joined to passages of about 30 tokens.

    Example:
        >>> passages(["One. Two."])
        ['One. Two.']
    """
    found = []
    for document in documents:
        passage = ""
        for line in document.replace(". ", ".\n").splitlines():
            passage = f"{passage} {line.strip()}".strip()
            if len(passage) >= PASSAGE_CHARACTERS:
                found.append(passage)
                passage = ""
        if passage:
            found.append(passage)
    return found


def photographs(validate: bool) -> tuple[Source, Source, Source]:
    """Returns CIFAR-10, stored as JPEG; settings are chosen on 10,000 of its train."""
    images, labels, names = real_data.cifar10("train")
    train = ArraySource(images, labels, names)
    if not validate:
        return train, train, ArraySource(*real_data.cifar10("test"))
    held = slice(None, KEPT_PHOTOGRAPHS), slice(KEPT_PHOTOGRAPHS, None)
    test, train = (ArraySource(images[s], labels[s], names) for s in held)
    return train, train, test


CORPORA = {
    "cifar10": Corpus("image", "CIFAR-10 as JPEG, ten classes", photographs),
    "topics": Corpus(
        "text",
        "summaries of an encyclopedia, 12 topics",
        topics,
        {"labels_per_class": [15]},
    ),
    "sentiment": Corpus(
        "text",
        "pretrained on film reviews and summaries, SST-2 sentences",
        sentiment,
        {"labels_per_class": [100]},
    ),
}
