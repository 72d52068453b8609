"""The examples that an encoder takes for the most alike, with their labels."""

import keras
import numpy as np

from kerassl.data.subset import Subset
from kerassl.errors import InvalidValue
from kerassl.metrics import hubness, k_occurrences
from kerassl.modalities import MODALITIES
from kerassl.transfer.explanation import Explanation, random_task
from kerassl.use.embedding import vectors_of

# Of each query, so that a row of a sheet holds both.
NEIGHBOURS = 5
# So many examples say how often the same ones are neighbours.
MOST_EXAMPLES = 10_000
RIGHT, WRONG = "#1a7f37", "#b42318"


def explained_neighbours(task, source, modality, count, *, seed=0, progress=False):
    """Returns the nearest neighbours of the first examples of a source.

    Args:
        task: A `kerassl.models.PretextModel` with its pretext layer.
        source: A `kerassl.data.Source` with random access, in random order: of more
            than 10,000 examples the first are searched.
        modality: What its examples are, a key of `kerassl.modalities.MODALITIES`.
        count: Number of queries.
        seed: Integer, of the random network.
        progress: As in `kerassl.embed`.

    Returns:
        A `kerassl.transfer.Explanation`.

    Raises:
        ValueError: If there are not more examples than neighbours.
    """
    if len(source) <= NEIGHBOURS:
        raise InvalidValue(
            f"`data` must hold more than {NEIGHBOURS} examples, of which each has so "
            f"many neighbours. Received: {len(source)}"
        )
    source = Subset(source, np.arange(min(len(source), MOST_EXAMPLES)))
    vectors = vectors_of(task, source, progress=progress)
    other = random_task(task, source.fetch(np.arange(min(256, len(source)))), seed)
    found, similarities = _neighbours(vectors)
    control, _ = _neighbours(vectors_of(other, source, progress=progress))
    queries = range(min(count, len(source)))
    labels = vectors.labels
    right = None if labels is None else labels[found] == labels[:, None]
    rows = [_row(i, found, right, vectors) for i in queries]

    def draw():
        shown = np.concatenate([[i, *found[i]] for i in queries])
        examples = keras.tree.map_structure(np.asarray, source.fetch(shown))
        titles = _titles(queries, found, similarities, vectors)
        figure = MODALITIES[modality].sheet(examples, titles)
        if right is not None:
            _colour(figure, [right[i] for i in queries])
        return figure

    return Explanation(rows, _told(found, control, labels), draw)


def _neighbours(vectors):
    """Returns (positions, similarities) of each example's neighbours but itself."""
    positions, similarities = vectors.nearest(vectors.values, NEIGHBOURS + 1)
    others = positions != np.arange(len(positions))[:, None]
    # Where an example has many equals it may itself not be among the nearest.
    others[others.all(axis=1), -1] = False
    return tuple(
        part[others].reshape(-1, NEIGHBOURS) for part in (positions, similarities)
    )


def _row(i, found, right, vectors):
    row = {
        "query": vectors.names[i],
        "neighbours": ", ".join(vectors.names[j] for j in found[i]),
    }
    if right is not None:
        row["with its label"] = f"{right[i].sum()} of {NEIGHBOURS}"
    return row


def _titles(queries, found, similarities, vectors):
    titles = []
    for i in queries:
        titles.append(f"query {_label(vectors, i)}".strip())
        titles += [
            f"{similarity:.2f} {_label(vectors, j)}".strip()
            for j, similarity in zip(found[i], similarities[i], strict=True)
        ]
    return titles


def _label(vectors, position):
    if vectors.labels is None:
        return ""
    label = int(vectors.labels[position])
    return str(label if vectors.class_names is None else vectors.class_names[label])


def _colour(figure, right):
    """Colours the titles of neighbours by whether they have the query's label."""
    marks = np.concatenate([[None, *row] for row in right])
    for axis, mark in zip(figure.axes, marks, strict=True):
        if mark is not None:
            axis.title.set_color(RIGHT if mark else WRONG)


def _told(found, control, labels):
    count, told = len(found), []
    if labels is not None:
        shares = [(labels[each] == labels[:, None]).mean() for each in (found, control)]
        told.append(
            f"{shares[0]:.1%} of the {NEIGHBOURS} nearest of {count:,} examples have "
            f"the label of theirs, {shares[1]:.1%} by a random network."
        )
    often = k_occurrences(found, count)
    told.append(
        f"The most frequent is a neighbour {often.max()} times, "
        f"{np.mean(often == 0):.1%} are so never; hubness (skewness) "
        f"{hubness(found, count):.2f}, by a random network "
        f"{hubness(control, count):.2f}."
    )
    return " ".join(told)
