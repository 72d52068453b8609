"""How well labels are told by an encoder's features, beside its controls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kerassl import distribute
from kerassl.encoders.feature_sets import feature_sets
from kerassl.transfer.compare import Comparison, compare
from kerassl.transfer.embedding_map import LEAST_MAP_EXAMPLES, embedding_map
from kerassl.transfer.examples import PreparedExamples
from kerassl.transfer.features import encode
from kerassl.transfer.inputs import inputs_of
from kerassl.transfer.measure import Measure
from kerassl.transfer.options import (
    CONTROLS,
    METHODS,
    check_options,
    draws_of,
    told_options,
)
from kerassl.transfer.tuning import tuning_work
from kerassl.transfer.verdict import Verdict

# More points than this make an embedding map a blot and t-SNE slow.
MAP_EXAMPLES = 1000


@dataclass(frozen=True)
class Classified:
    """A comparison, and a map of the pretrained encoder's features.

    Attributes:
        comparison: The `Comparison`.
        features: Those of some test examples, a float32 array (examples, dim).
        map_options: Arguments of `embedding_map` beside these.
    """

    comparison: Comparison
    features: np.ndarray
    map_options: dict

    @property
    def rows(self) -> list[dict]:
        """Those of the comparison."""
        return self.comparison.rows

    @property
    def verdict(self) -> Verdict | None:
        """That of the comparison."""
        return self.comparison.verdict

    def to_dict(self) -> dict:
        """Returns the comparison as JSON's types."""
        return self.comparison.to_dict()

    def to_markdown(self) -> str:
        """Returns the comparison's table in Markdown."""
        return self.comparison.to_markdown()

    def figures(self) -> dict[str, Any]:
        """Returns accuracy by labels a class, and a map of three examples or more."""
        drawn = {"few_labels": self.comparison.figure()}
        if len(self.features) >= LEAST_MAP_EXAMPLES:
            drawn["embedding"] = embedding_map(None, self.features, **self.map_options)
        return drawn


class Classification(Measure):
    """Measures how well classes are told by an encoder's features.

    kNN, a linear probe and fine-tuning, each for the pretrained encoder, for the input
    itself as `inputs_of` gives it, the encoder at random initialisation and one trained
    with all labels (see `compare`).

    Args:
        labels_per_class: As in `compare`, as are the others.

    Raises:
        ValueError: If an argument is unknown or out of range.

    Example:
        >>> from kerassl import data, encoders, models, pretext
        >>> encoder = encoders.dense((8, 8, 1), hidden_dims=(16,))
        >>> task = models.Autoencoder(encoder, pretext.Reconstruct())
        >>> measure = Classification(labels_per_class=[5], methods=["knn"], draws=1,
        ...     controls=["random"])
        >>> sets = data.digits("train"), data.digits("test")
        >>> found = measure(task, *sets, progress=False)
        >>> [row["encoder"] for row in found.rows]
        ['pretrained', 'random']
    """

    name = "classification"
    needs = "classes"
    reads_validation = True
    section = "transfer"

    def __init__(
        self,
        *,
        labels_per_class: Sequence[int | None] = (1, 5, 10, None),
        draws: int = 5,
        methods: Sequence[str] = METHODS,
        controls: Sequence[str] = CONTROLS,
        validation: float = 0.2,
        pooling: str = "auto",
        features: str | Sequence[str] = "auto",
        calibrate: bool = False,
        knn_options: Mapping | None = None,
        linear_probe_options: Mapping | None = None,
        fine_tune_options: Mapping | None = None,
        supervised_options: Mapping | None = None,
    ):
        self.options = {
            "labels_per_class": labels_per_class,
            "draws": draws,
            "methods": methods,
            "controls": controls,
            "validation": validation,
            "pooling": pooling,
            "features": features,
            "calibrate": calibrate,
            "knn_options": knn_options,
            "linear_probe_options": linear_probe_options,
            "fine_tune_options": fine_tune_options,
            "supervised_options": supervised_options,
        }
        check_options(self.options)

    def check(self, task):
        feature_sets(task.encoder, self.options["pooling"], self.options["features"])

    def told(self):
        names = ("draws", "methods", "controls")
        asked = (self.options[name] for name in names)
        return "classes by " + told_options(
            self.options["labels_per_class"], "labels a class", *asked
        )

    def work(self, train, test):
        options, classes = self.options, len(np.unique(train.labels))
        asked, draws = options["labels_per_class"], options["draws"]
        sizes = []
        for budget in asked:
            size = len(train) if budget is None else min(budget * classes, len(train))
            sizes += [size] * draws_of(budget, asked, draws)
        trained = [c for c in options["controls"] if c != "input"]
        encoded = (len(train) + len(test)) * (1 + draws * len(trained))
        # The supervised control is trained once with all labels, the others by budget.
        tuned = "fine_tune" in options["methods"]
        networks = tuned * (1 + ("random" in trained))
        fitted = tuning_work(sizes * networks, options["fine_tune_options"])
        if "supervised" in trained:
            merged = {
                **(options["fine_tune_options"] or {}),
                **(options["supervised_options"] or {}),
            }
            fitted += tuning_work([len(train)] * draws_of(None, asked, draws), merged)
        return float(encoded + fitted)

    def __call__(self, task, train, test, *, seed=0, progress=True, validation=None):
        distribute.read_state(task)
        x, x_test = (PreparedExamples(source, task.pretext) for source in (train, test))
        if validation is not None and validation.labels is None:
            validation = None
        options = dict(self.options)
        if validation is not None:
            held = PreparedExamples(validation, task.pretext)
            options["validation"] = held, validation.labels
        asked = "input" in self.options["controls"]
        comparison = compare(
            task.encoder,
            (x, train.labels),
            (x_test, test.labels),
            inputs=_inputs(train, test, validation, seed) if asked else (),
            seed=seed,
            progress=progress,
            **options,
        )
        some = np.random.default_rng(seed).permutation(len(test))[:MAP_EXAMPLES]
        features = encode(task.encoder, x_test[some], pooling=self.options["pooling"])
        options = {"labels": test.labels[some], "class_names": test.class_names}
        return Classified(comparison, features, {**options, "seed": seed})


def _inputs(train, test, validation, seed):
    """Returns the features of the input, also of examples to choose settings on."""
    inputs = inputs_of(train, test, seed=seed)
    if validation is None:
        return inputs
    # Fitted to the same examples with the same seed, so these are the same features.
    held = {each.name: each.test for each in inputs_of(train, validation, seed=seed)}
    return [replace(each, validation=held.get(each.name)) for each in inputs]
