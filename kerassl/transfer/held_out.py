"""What measures of a pretext task on held-out examples have in common."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kerassl.data.dataset import steps_per_epoch
from kerassl.data.subset import Subset
from kerassl.data.windows import windows_for
from kerassl.errors import InvalidValue
from kerassl.transfer.measure import Result
from kerassl.transfer.verdict import Verdict

# Parts of the examples, over which an interval is taken.
PARTS = 10


@dataclass(frozen=True)
class JudgedResult(Result):
    """A table, and the verdict that it begins with.

    Attributes:
        verdict: How what was trained compares with the best that there is without it;
            None where there is nothing to compare with.

    Example:
        >>> from kerassl.transfer import verdict
        >>> rows = [{"model": "this one", "nats": 2.0}]
        >>> won = verdict([1.0, 1.1], what="It", against="chance", unit="nats")
        >>> JudgedResult(rows, verdict=won).to_markdown().splitlines()[0]
        'It is 1.1 ± 0.6 nats better than chance.'
    """

    verdict: Verdict | None = None

    def to_dict(self) -> dict:
        """Returns all of it in JSON's types."""
        judged = None if self.verdict is None else self.verdict.to_dict()
        return {**super().to_dict(), "verdict": judged}

    def to_markdown(self) -> str:
        """Returns the verdict, and the table in Markdown."""
        sentence = "" if self.verdict is None else self.verdict.sentence
        return f"{sentence}\n\n{super().to_markdown()}".strip()


def some_of(source, limit: int, seed: int = 0):
    """Returns a source, or of a larger one a part that is drawn with a seed.

    Args:
        source: A `kerassl.data.Source` with random access.
        limit: Examples, at most.
        seed: Integer, of the draw.

    Example:
        >>> from kerassl.data import ArraySource
        >>> len(some_of(ArraySource(["a", "b", "c"]), 2))
        2
    """
    if len(source) <= limit:
        return source
    drawn = np.random.default_rng([seed, 7]).permutation(len(source))[:limit]
    return Subset(source, np.sort(drawn))


def batches_of(task, source, *, batch_size: int, seed: int) -> Iterator[tuple]:
    """Yields what a task trains on, of all examples of a source in their order.

    Args:
        task: A `kerassl.models.PretextModel` with a pretext layer.
        source: A `kerassl.data.Source`.
        batch_size: Examples in a batch, fewer where there are not so many. What
            does not fill a batch comes last, unless the task compares the examples
            of a batch.
        seed: Integer, from which masks and views are drawn.

    Raises:
        ValueError: If the task cannot be trained on these examples.

    Example:
        >>> from kerassl import data, encoders, models, pretext
        >>> encoder = encoders.dense((8, 8, 1), hidden_dims=(4,))
        >>> task = models.Autoencoder(encoder, pretext.Reconstruct())
        >>> held = batches_of(task, data.digits("test"), batch_size=300, seed=0)
        >>> [len(x) for x, _ in held]
        [300, 200]
    """
    dataset = _dataset(task, source, batch_size, seed)
    for part in dataset.in_order()[: 1 if task.compares_examples else 2]:
        if part is not None:
            yield from part.as_numpy_iterator()


def unreadable(task, source, batch_size: int = 1) -> str | None:
    """Returns why a task cannot be measured on a source, None where it can.

    Args:
        task: A `kerassl.models.PretextModel`.
        source: A `kerassl.data.Source`.
        batch_size: As in `batches_of`.
    """
    if task.pretext is None:
        return "it needs a task with a pretext layer"
    try:
        _dataset(task, source, batch_size, 0)
    except InvalidValue as error:
        return f"the examples to test on cannot be read as the task does: {error}"
    return None


def part_means(values, weights=None) -> np.ndarray:
    """Returns the means over neighbouring examples, of ten parts or fewer.

    Args:
        values: One sum for each example.
        weights: How many were summed, one for each example; None for one.

    Returns:
        Float array, without the parts in which nothing weighs.

    Example:
        >>> part_means([1.0, 2.0, 0.0], [1, 2, 0]).tolist()
        [1.0, 1.0]
    """
    values = np.asarray(values, "float64")
    weights = np.ones(len(values)) if weights is None else np.asarray(weights)
    groups = np.array_split(np.arange(len(values)), min(PARTS, len(values)))
    sums = [(values[each].sum(), weights[each].sum()) for each in groups]
    return np.array([total / weight for total, weight in sums if weight > 0])


def _dataset(task, source, batch_size, seed):
    examples = windows_for(source, task.pretext)
    size = max(min(batch_size, len(examples)), task.least_examples)
    dataset = task.dataset(examples, batch_size=size, seed=seed)
    if not steps_per_epoch(dataset):
        raise InvalidValue("`examples` must fill a batch. Received fewer.")
    return dataset
