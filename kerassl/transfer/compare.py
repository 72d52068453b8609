"""What an encoder is worth, beside honest controls and with few labels."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerassl.transfer.bar import progress_bar
from kerassl.transfer.copies import random_weights
from kerassl.transfer.examples import check_task, draw_labels, labelled, take
from kerassl.transfer.features import predict_whole
from kerassl.transfer.fine_tune import FineTuner
from kerassl.transfer.knn import knn
from kerassl.transfer.linear_probe import linear_probe
from kerassl.transfer.options import CONTROLS, METHODS, check_options

_TITLES = {"knn": "kNN", "linear_probe": "linear probe", "fine_tune": "fine-tuning"}


@dataclass(frozen=True)
class Comparison:
    """The accuracies of an encoder and its controls.

    Attributes:
        rows: One dict for each encoder, method and number of labels:
            `encoder` ("pretrained", "random", "supervised"), `method`,
            `labels_per_class` (None for all), `accuracies` (one for each
            draw, from 0 to 1), their `mean` and sample `std` (0 with one draw),
            and `settings`, what each draw fixed or chose.
        protocol: Sizes of the sets, number of classes, draws, seeds and
            seconds.

    Example:
        >>> row = {"encoder": "random", "method": "knn", "labels_per_class": None}
        >>> row |= {"accuracies": [0.5], "mean": 0.5, "std": 0.0, "settings": [{}]}
        >>> sizes = {"test_examples": 4, "train_examples": 8, "classes": 2, "draws": 1}
        >>> print(Comparison([row], sizes).to_markdown().splitlines()[-1])
        | kNN | random | 50.0 ± 0.0 |
    """

    rows: list[dict]
    protocol: dict

    def to_dict(self) -> dict:
        """Returns rows and protocol as JSON's types; accuracies are 0 to 1."""
        return {
            "accuracy_unit": "fraction",
            "protocol": self.protocol,
            "rows": self.rows,
        }

    @classmethod
    def from_dict(cls, values: dict) -> "Comparison":
        """Returns the comparison that `to_dict` gave."""
        return cls(rows=values["rows"], protocol=values["protocol"])

    def row(self, encoder: str, method: str, labels_per_class: int | None) -> dict:
        """Returns one row.

        Raises:
            KeyError: If it was not measured.
        """
        wanted = (encoder, method, labels_per_class)
        for row in self.rows:
            if (row["encoder"], row["method"], row["labels_per_class"]) == wanted:
                return row
        raise KeyError(f"No row for {wanted} was measured.")

    def to_markdown(self) -> str:
        """Returns the table in Markdown, accuracies in percent."""
        header, *body = self._cells()
        lines = [header, ["---"] * 2 + ["---:"] * (len(header) - 2), *body]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return f"{self._caption()}\n\n{table}"

    def table(self):
        """Returns the table as a `rich.table.Table`, accuracies in percent."""
        from rich.table import Table

        header, *body = self._cells()
        table = Table(caption=self._caption(), caption_justify="left")
        for column, name in enumerate(header):
            table.add_column(
                name, justify="left" if column < 2 else "right", no_wrap=column < 2
            )
        for before, line in zip([None, *body], body, strict=False):
            if before is not None and before[0] != line[0]:
                table.add_section()
            table.add_row(*line)
        return table

    def figure(self):
        """Returns a `matplotlib.figure.Figure` of accuracy by labels a class."""
        from matplotlib.figure import Figure

        methods = _in_order(row["method"] for row in self.rows)
        figure = Figure(figsize=(4.2 * len(methods), 3.6), layout="constrained")
        axes = figure.subplots(1, len(methods), sharey=True, squeeze=False)[0]
        for axis, method in zip(axes, methods, strict=True):
            self._draw_curves(axis, method)
        axes[0].set_ylabel("test accuracy (%)")
        axes[-1].legend(loc="lower right", frameon=False)
        return figure

    def _draw_curves(self, axis, method):
        budgets = _in_order(row["labels_per_class"] for row in self.rows)
        everything = self.protocol["train_examples"] / self.protocol["classes"]
        places = {b: everything if b is None else b for b in budgets}
        styles = {"pretrained": "o-", "random": "s--", "supervised": "^:"}
        for encoder in _in_order(row["encoder"] for row in self.rows):
            rows = [
                row
                for row in self.rows
                if row["encoder"] == encoder and row["method"] == method
            ]
            axis.errorbar(
                [places[row["labels_per_class"]] for row in rows],
                [100 * row["mean"] for row in rows],
                yerr=[100 * row["std"] for row in rows],
                fmt=styles.get(encoder, "o-"),
                capsize=3,
                label=encoder,
            )
        axis.set_xscale("log")
        axis.set_xticks(list(places.values()))
        axis.set_xticklabels(["all" if b is None else str(b) for b in budgets])
        axis.minorticks_off()
        axis.set_xlabel("labels a class")
        axis.set_title(_TITLES[method])
        axis.grid(alpha=0.3)

    def _cells(self):
        budgets = _in_order(row["labels_per_class"] for row in self.rows)
        names = ["all labels" if b is None else f"{b} a class" for b in budgets]
        lines = [["method", "encoder", *names]]
        found = {
            (row["method"], row["encoder"], row["labels_per_class"]): row
            for row in self.rows
        }
        for method in _in_order(row["method"] for row in self.rows):
            for encoder in _in_order(row["encoder"] for row in self.rows):
                rows = [found.get((method, encoder, budget)) for budget in budgets]
                if any(rows):
                    cells = [_percent(row) for row in rows]
                    lines.append([_TITLES[method], encoder, *cells])
        return lines

    def _caption(self):
        facts = self.protocol
        supervised = any(row["encoder"] == "supervised" for row in self.rows)
        note = " The supervised encoder was made with all labels." if supervised else ""
        asked = [row["labels_per_class"] or 0 for row in self.rows]
        fewest = facts.get("fewest_labels")
        if fewest is not None and max(asked, default=0) > fewest:
            note += f" A class with fewer labels gives all; the smallest has {fewest}."
        return (
            f"Accuracy in % on {facts['test_examples']:,} test examples of "
            f"{facts['classes']} classes, mean ± std over {facts['draws']} label "
            f"draws of {facts['train_examples']:,} labelled examples.{note}"
        )


def compare(
    encoder,
    train,
    test,
    *,
    labels_per_class: Sequence[int | None] = (1, 5, 10, None),
    draws: int = 3,
    methods: Sequence[str] = METHODS,
    controls: Sequence[str] = CONTROLS,
    validation: float = 0.2,
    seed: int = 0,
    pooling: str = "auto",
    knn_options: dict | None = None,
    linear_probe_options: dict | None = None,
    fine_tune_options: dict | None = None,
    supervised_options: dict | None = None,
    progress: Any = True,
) -> Comparison:
    """Measures an encoder beside the same encoder without pretraining.

    Each measurement is made for

    - `pretrained`: the encoder given, which is not changed;
    - `random`: the same architecture with random weights, new ones for each
      draw, given the same labels and the same treatment;
    - `supervised`: the same architecture trained from random weights with ALL
      training labels, anew for each draw. It is an upper bound for frozen
      features: with 1 label a class its kNN and probe still use features made
      with all labels. Under fine-tuning it has one figure, the accuracy of
      that network itself.

    Draw i has the seed `seed + i`: it draws the labelled examples (stratified;
    more labels contain the fewer), the validation part, the head and the
    control's weights. Settings are chosen on the validation part, which is cut
    out of the labels drawn. With one or two labels a class nothing can be cut
    out, and the fixed defaults of `linear_probe` and `fine_tune` hold. The test
    set chooses nothing.

    Args:
        encoder: A functional `keras.Model` whose configuration serialises.
        train: (x, y), prepared encoder inputs and labels. `PreparedExamples` need
            not be in memory.
        test: (x, y) likewise.
        labels_per_class: Numbers of labels a class; None for all. A class with
            fewer gives all it has.
        draws: Number of label draws; 3 or more for figures to be shown.
        methods: Some of "knn", "linear_probe", "fine_tune".
        controls: Some of "random", "supervised".
        validation: Share of the labels drawn to choose settings on.
        seed: Integer, seed of the first draw.
        pooling: As in `kerassl.encoders.pool`.
        knn_options: Arguments of `knn`.
        linear_probe_options: Arguments of `linear_probe`.
        fine_tune_options: Arguments of `FineTuner.fit`, such as `steps` or
            `learning_rate`. `layer_decay` holds for the pretrained encoder
            only: random lower layers need the whole rate.
        supervised_options: The same for the supervised control, on top of
            `fine_tune_options`.
        progress: Whether to show a progress bar, or a `rich.progress.Progress`
            to show it in.

    Returns:
        A `Comparison`.

    Raises:
        ValueError: If an argument is unknown or out of range.

    Example:
        >>> import keras
        >>> x, y = np.eye(2).repeat(9, axis=0), np.array([0, 1]).repeat(9)
        >>> encoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
        >>> options = dict(methods=["knn"], controls=[], progress=False)
        >>> result = compare(encoder, (x, y), (x, y), **options)
        >>> result.row("pretrained", "knn", None)["mean"]
        1.0
    """
    train, test = labelled(train, "train"), labelled(test, "test")
    check_task(encoder, train)
    check_options(
        {
            "labels_per_class": labels_per_class,
            "draws": draws,
            "methods": methods,
            "controls": controls,
            "validation": validation,
            "seed": seed,
            "pooling": pooling,
            "knn_options": knn_options,
            "linear_probe_options": linear_probe_options,
            "fine_tune_options": fine_tune_options,
            "supervised_options": supervised_options,
        }
    )
    options = {
        "knn": knn_options or {},
        "linear_probe": linear_probe_options or {},
        "fine_tune": fine_tune_options or {},
    }
    options["supervised"] = {**options["fine_tune"], **(supervised_options or {})}
    run = _Run(encoder, train, test, seed, validation, pooling, options)
    rows: dict[tuple, list] = {}
    began = time.monotonic()
    budgets = list(labels_per_class)
    with progress_bar(progress) as bar:
        cells = [
            (name, draw) for name in ("pretrained", *controls) for draw in range(draws)
        ]
        task = bar.add_task("comparing", total=len(cells) * len(budgets) * len(methods))
        for name, draw in cells:
            weights = run.weights(name, draw)
            for budget in budgets:
                for method in methods:
                    bar.update(task, description=f"{_TITLES[method]}, {name}")
                    result = run.measure(name, weights, method, budget, draw)
                    if result is not None:
                        rows.setdefault((name, method, budget), []).append(result)
                    bar.advance(task)
    protocol = {
        "train_examples": len(train[1]),
        "test_examples": len(test[1]),
        "classes": len(np.unique(train[1])),
        "fewest_labels": int(np.unique(train[1], return_counts=True)[1].min()),
        "draws": draws,
        "seeds": [seed + draw for draw in range(draws)],
        "validation_share": validation,
        "pooling": pooling,
        "options": options,
        "seconds": round(time.monotonic() - began, 1),
    }
    return Comparison([_row(key, found) for key, found in rows.items()], protocol)


class _Run:
    """The state of one comparison: one compiled model, features by weights."""

    def __init__(self, encoder, train, test, seed, validation, pooling, options):
        self.encoder, self.train, self.test = encoder, train, test
        self.seed, self.validation, self.options = seed, validation, options
        self.tuner = FineTuner(encoder, np.unique(train[1]), pooling=pooling)
        self.pretrained = encoder.get_weights()
        self.encoded = None
        self.supervised = None

    def weights(self, name, draw):
        """Returns the weights of an encoder in one draw, and encodes with them."""
        seed = self.seed + draw
        if name == "pretrained":
            weights = self.pretrained
        else:
            weights = random_weights(self.encoder, seed)
        if name == "supervised":
            self.supervised = self._tune(self.train, weights, seed, "supervised")
            weights = self.tuner.encoder.get_weights()
        if name != "pretrained" or draw == 0:
            self.tuner.encoder.set_weights(weights)
            self.encoded = [
                predict_whole(self.tuner.features, x)
                for x in (self.train[0], self.test[0])
            ]
        return weights

    def measure(self, name, weights, method, budget, draw):
        """Returns (accuracy, settings), or None where a cell has no meaning."""
        seed, (x, y) = self.seed + draw, self.train
        chosen = draw_labels(y, budget, seed)
        if method == "fine_tune" and name == "supervised":
            return self.supervised if budget is None else None
        if method == "fine_tune":
            return self._tune((take(x, chosen), y[chosen]), weights, seed, name)
        features, queries = self.encoded
        sets = (features[chosen], y[chosen]), (queries, self.test[1])
        if method == "knn":
            result = knn(None, *sets, **self.options["knn"])
        else:
            extra = {"validation": self.validation, "seed": seed}
            extra |= self.options["linear_probe"]
            result = linear_probe(None, *sets, **extra)
        return result.accuracy, result.settings

    def _tune(self, train, weights, seed, name):
        kind = "supervised" if name == "supervised" else "fine_tune"
        extra = {"validation": self.validation, **self.options[kind]}
        if name != "pretrained":
            extra["layer_decay"] = 1.0
        settings = self.tuner.fit(train, weights=weights, seed=seed, **extra)
        right = self.tuner.predict(self.test[0]) == self.test[1]
        return float(np.mean(right)), settings


def _row(key, found):
    encoder, method, budget = key
    accuracies = [accuracy for accuracy, _ in found]
    return {
        "encoder": encoder,
        "method": method,
        "labels_per_class": budget,
        "accuracies": accuracies,
        "mean": float(np.mean(accuracies)),
        "std": float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else 0.0,
        "settings": [settings for _, settings in found],
    }


def _percent(row):
    return f"{100 * row['mean']:.1f} ± {100 * row['std']:.1f}" if row else "–"


def _in_order(values):
    return list(dict.fromkeys(values))
