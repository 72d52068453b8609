"""What a measure is: an object called on a task and two sources, train and test.

A measure says how good something of a task is, beside its own controls: what the
same figure is without pretraining, for the input itself, at chance. A report is made
of the measures that a preset lists,

    "measures": [{"class": "kerassl.transfer.Perplexity"}, ...]

or else of those that the task names in `default_measures`.

Write a measure of your own as a class of `Measure`; `Result` makes the table of its
rows. Name its module with `--import` and list it in your preset, or give it to a task
of yours: `default_measures = ("classification", NearestMean())`.

Example:
    >>> from kerassl.transfer import PreparedExamples, copy_of, encode
    >>> from kerassl.transfer.random_control import random_control
    >>> class NearestMean(Measure):
    ...     '''How many test examples are nearest to the mean of their class.'''
    ...     name, needs = "nearest_mean", "classes"
    ...     def __call__(self, task, train, test, *, seed=0, progress=True):
    ...         control = copy_of(task.encoder)
    ...         control.set_weights(random_control(control, seed))
    ...         rows, classes = [], np.unique(train.labels)
    ...         for name, encoder in ("pretrained", task.encoder), ("random", control):
    ...             x, x_test = (encode(encoder, PreparedExamples(source, task.pretext))
    ...                          for source in (train, test))
    ...             means = np.stack([x[train.labels == c].mean(0) for c in classes])
    ...             distances = np.linalg.norm(x_test[:, None] - means, axis=-1)
    ...             right = classes[distances.argmin(1)] == test.labels
    ...             rows.append({"encoder": name, "accuracy": float(right.mean())})
    ...         return Result(rows, f"Of {len(test)} test examples.")
    >>> from kerassl import data, encoders, models, pretext
    >>> encoder = encoders.dense((8, 8, 1), hidden_dims=(16,))
    >>> task = models.Autoencoder(encoder, pretext.Reconstruct())
    >>> found = NearestMean()(task, data.digits("train"), data.digits("test"))
    >>> [row["encoder"] for row in found.rows]
    ['pretrained', 'random']
    >>> print(found.to_markdown().splitlines()[2])
    | encoder | accuracy |
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from kerassl.data.source import LABEL_KINDS


class Measured(Protocol):
    """What a measure returns.

    It may have a `verdict` too, a property that gives a `kerassl.transfer.Verdict`, or
    None where there is nothing to compare with: whether what was trained beats what
    there is without it. The page of a run begins with the sentences of all verdicts;
    `to_markdown` may begin with it too, for where the table stands alone.

    Attributes:
        rows: List of dicts in JSON's types, one for each figure or group of them.
    """

    rows: list[dict]

    def to_dict(self) -> dict:
        """Returns all of it in JSON's types, for `report.json`."""

    def to_markdown(self) -> str:
        """Returns the table in Markdown, for `report.md`."""

    def figures(self) -> dict[str, Any]:
        """Returns {file stem: `matplotlib.figure.Figure`}; stems are files of a run."""


@dataclass(frozen=True)
class Result:
    """Rows as a table, with a column for each key of the first.

    Attributes:
        rows: Dicts in JSON's types, all with the same keys.
        caption: A sentence on what was measured, and on how much of it.

    Example:
        >>> print(Result([{"encoder": "random", "recall": 1 / 3}]).to_markdown())
        | encoder | recall |
        | --- | ---: |
        | random | 0.333 |
    """

    rows: list[dict]
    caption: str = ""

    def to_dict(self) -> dict:
        return {"caption": self.caption, "rows": self.rows}

    def to_markdown(self) -> str:
        names = list(self.rows[0])
        texts = [isinstance(self.rows[0][name], str) for name in names]
        heads = [name.replace("_", " ") for name in names]
        lines = [heads, ["---" if text else "---:" for text in texts]]
        lines += [[_cell(row[name]) for name in names] for row in self.rows]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return f"{self.caption}\n\n{table}".strip()

    def figures(self) -> dict[str, Any]:
        return {}


def _cell(value):
    if not isinstance(value, float | np.floating):
        return "" if value is None else str(value)
    return f"{value:.3f}" if value == 0 or abs(value) >= 0.1 else f"{value:.3g}"


class Measure:
    """An object that measures a task on examples kept out of its training.

    A subclass sets `name` and writes `__call__`. Its settings are arguments of its
    constructor, which refuses wrong ones before anything is trained.

    Attributes:
        name: By which reports call it.
        needs: The kind of labels that it reads, a key of
            `kerassl.data.source.LABEL_KINDS`; None where it reads none.
        unseen: Whether it means nothing on examples that were pretrained on, as
            where the pretext task itself is measured.
        fallback: Whether it is made only where no other measure fits the data.
        reads_validation: Whether a call takes `validation` too, a `Source` of examples
            to choose settings on, or None.
        section: The section of a preset that holds further settings, or None.
        heading: A line above its table in a report.
    """

    name = ""
    needs: str | None = None
    unseen = False
    fallback = False
    reads_validation = False
    section: str | None = None
    heading = ""

    def __call__(self, task, train, test, *, seed: int = 0, progress: Any = True):
        """Measures a task.

        Args:
            task: A `kerassl.models.PretextModel` with its pretext layer. It is not
                changed.
            train: `kerassl.data.Source` of the examples that it was trained on, with
                labels of the kind that the measure needs.
            test: `Source` of examples that it was not trained on.
            seed: Integer from which all randomness comes.
            progress: Whether to show a progress bar.

        Returns:
            What it found, an object like `Result` (see `Measured`).
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `__call__`.")

    def check(self, task) -> None:
        """Refuses settings that do not fit a task, before it is trained.

        Args:
            task: As for a call.

        Raises:
            ValueError: If a setting asks for what the task or its encoder lacks.
        """

    def told(self) -> str:
        """Returns what it measures beside what, in a line told before it does."""
        return self.name.replace("_", " ")

    def work(self, train, test) -> float:
        """Returns about how much it computes, for an estimate of the time.

        Args:
            train: As for a call.
            test: As for a call.

        Returns:
            Passes of one example through the encoder. A step of training counts
            three for each, as it goes back too.
        """
        return float(len(train) + len(test))

    def left_out(self, task, test) -> str | None:
        """Returns why a task cannot be measured on a source, or None if it can.

        Args:
            task: As for a call.
            test: As for a call.
        """
        found = None if test.labels is None else test.label_kind
        if self.needs is None or found == self.needs:
            return None
        has = "no labels" if found is None else LABEL_KINDS[found]
        return f"it needs {LABEL_KINDS[self.needs]}, and the data have {has}"
