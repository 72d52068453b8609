"""What a comparison measures: an encoder with some weights, or inputs as they are."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerassl.transfer.examples import draw_labels, take
from kerassl.transfer.features import encode
from kerassl.transfer.fine_tune import FineTuner
from kerassl.transfer.knn import knn
from kerassl.transfer.linear_probe import linear_probe
from kerassl.transfer.random_control import random_control
from kerassl.transfer.result import measured

# The share of the labels that settings are chosen on where nothing else is given.
DRAWN = 0.2


@dataclass(frozen=True)
class Setting:
    """What all subjects of a comparison share, so that their draws are pairs.

    Attributes:
        train: (x, y).
        test: (x, y).
        seed: Integer, of the first draw.
        validation: Share of the labels drawn to choose settings on, or (x, y) of
            examples of their own.
        options: {method, or "supervised": its further arguments}.
        pooling: As in `kerassl.encoders.pool`.
        features: What of an encoder the linear probe chooses from, as in `compare`.
        calibrate: As in `compare`.
    """

    train: tuple
    test: tuple
    seed: int = 0
    validation: Any = DRAWN
    options: dict = field(default_factory=dict)
    pooling: str = "auto"
    features: Any = "pooled"
    calibrate: bool = False

    @property
    def held(self):
        """The (x, y) to choose settings on, None where they are drawn."""
        return self.validation if isinstance(self.validation, tuple | list) else None

    def drawn(self, budget, draw):
        """Returns the positions of the examples whose labels are given."""
        return draw_labels(self.train[1], budget, self.seed + draw)


class Subject:
    """Something to be measured: a column of features, drawn labels, a method.

    Args:
        setting: The `Setting`.
        name: As tables show it.
        kind: "pretrained", "input", "random" or "supervised".
        methods: Those that it is measured by.

    Attributes:
        facts: Dict of what its rows say beside the figures.
    """

    facts: dict = {}

    def __init__(self, setting, name, kind, methods):
        self.setting, self.name, self.kind = setting, name, kind
        self.methods = list(methods)
        self.draw = 0
        self._vote = None

    def start(self, draw):
        """Gets ready for a draw."""
        self.draw = draw

    def measure(self, method, budget):
        """Returns (accuracy, settings), or None where a cell has no meaning.

        Args:
            method: One of `methods`.
            budget: Labels a class; None for all.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `measure`.")

    def _frozen(self, method, rows, queries, chosen, held=None, **options):
        """Measures features as they are with the labels at some positions.

        Args:
            method: One of `methods`.
            rows: Features of the training examples.
            queries: Features of the test examples.
            chosen: Positions of the labels.
            held: Features of the examples to choose settings on, if there are any.
            **options: Of the method.
        """
        labels, of_test = self.setting.train[1], self.setting.test[1]
        sets = (take(rows, chosen), labels[chosen]), (queries, of_test)
        if method == "linear_probe":
            extra = {"validation": self._validation(held)}
            extra["seed"] = self.setting.seed + self.draw
            return _figures(linear_probe(None, *sets, **{**extra, **options}))
        if len(chosen) < len(labels):
            return _figures(knn(None, *sets, **options))
        # The vote of all is the same in every draw.
        if self._vote is None:
            self._vote = _figures(knn(None, *sets, **options))
        return self._vote

    def _validation(self, held):
        """Returns what a probe chooses its settings on."""
        if self.setting.held is None:
            return self.setting.validation
        return DRAWN if held is None else (held, self.setting.held[1])


class Network(Subject):
    """An encoder: pretrained, or with random weights, or trained with all labels.

    Args:
        setting: As in `Subject`, and so `kind` and `methods`.
        kind: See `setting`.
        methods: See `setting`.
        encoder: The encoder given.
        tuner: A `FineTuner` of it, whose copy of the encoder takes the weights.
    """

    def __init__(self, setting, kind, methods, encoder, tuner: FineTuner):
        super().__init__(setting, kind, kind, methods)
        self._encoder, self._tuner = encoder, tuner
        self._weights: list = []
        self._rows = self._queries = self._held = self._supervised = None

    def start(self, draw):
        """Loads the weights of a draw and computes the features that they give."""
        super().start(draw)
        if self.kind == "pretrained":
            self._weights = self._encoder.get_weights()
        else:
            self._weights = random_control(self._encoder, self.setting.seed + draw)
        if self.kind == "supervised":
            self._supervised = self._tuned(self.setting.train)
        frozen = set(self.methods) - {"fine_tune"}
        if not frozen or (self.kind == "pretrained" and draw):
            return
        self._tuner.encoder.set_weights(self._frozen_weights())
        self._vote = None
        asked = self.setting.features
        if "linear_probe" not in self.methods:
            asked = "pooled"
        elif not isinstance(asked, str):
            asked = list(dict.fromkeys([*asked, "pooled"]))
        held = None if self.setting.held is None else self.setting.held[0]
        self._rows, self._queries, self._held = (
            None if x is None else self._encoded(x, asked)
            for x in (self.setting.train[0], self.setting.test[0], held)
        )

    def _encoded(self, x, asked):
        return encode(self._tuner.encoder, x, 256, self.setting.pooling, asked)

    def measure(self, method, budget):
        chosen = self.setting.drawn(budget, self.draw)
        if method != "fine_tune":
            options = self.setting.options[method]
            parts = (self._rows, self._queries, self._held)
            rows, queries, held = (self._of(x, method) for x in parts)
            return self._frozen(method, rows, queries, chosen, held, **options)
        if self.kind == "supervised":
            return self._supervised if budget is None else None
        x, y = self.setting.train
        return self._tuned((take(x, chosen), y[chosen]))

    def _frozen_weights(self):
        """Returns the weights whose features are read as they are."""
        if self.kind == "random" and self.setting.calibrate:
            seed, x = self.setting.seed + self.draw, self.setting.train[0]
            return random_control(self._encoder, seed, x)
        if self.kind == "supervised":
            return self._tuner.encoder.get_weights()  # as they were trained
        return self._weights

    def _of(self, features, method):
        """Returns those of the features that a method reads."""
        if not isinstance(features, dict):
            return features
        if method == "knn":
            return features["pooled"]
        asked = self.setting.features
        return {n: features[n] for n in (features if asked == "auto" else asked)}

    def _tuned(self, train):
        method = "supervised" if self.kind == "supervised" else "fine_tune"
        extra = {"validation": self.setting.validation, **self.setting.options[method]}
        if self.kind != "pretrained":
            extra["layer_decay"] = 1.0
        seed = self.setting.seed + self.draw
        settings = self._tuner.fit(train, weights=self._weights, seed=seed, **extra)
        x, y = self.setting.test
        return float(np.mean(self._tuner.predict(x) == y)), settings


class Given(Subject):
    """The input itself, by features that no encoder made.

    Args:
        setting: As in `Subject`.
        methods: Those of the comparison; of them it takes what its features allow,
            and the classifiers of its features.
        features: An `InputFeatures`.
    """

    def __init__(self, setting, methods, features):
        own = [each for each in methods if each in features.methods]
        super().__init__(setting, features.name, "input", [*own, *features.classifiers])
        self.features, self.facts = features, {"on": features.on}

    def measure(self, method, budget):
        chosen = self.setting.drawn(budget, self.draw)
        rows, queries = self.features.train, self.features.test
        if method in self.features.classifiers:
            (_, y), (_, y_test) = self.setting.train, self.setting.test
            classify = self.features.classifiers[method]
            predictions = classify(take(rows, chosen), y[chosen], queries)
            return _figures(measured(predictions, y_test, None, np.unique(y), {}))
        options = dict(self.setting.options[method])
        if method == "linear_probe":
            options["standardise"] = self.features.standardise
        if not self.features.standardise:
            # The encoder's range is for columns of variance 1.
            options.pop("strengths", None)
            options.pop("default_strength", None)
        held = self.features.validation
        return self._frozen(method, rows, queries, chosen, held, **options)


def _figures(result):
    return result.accuracy, result.settings
