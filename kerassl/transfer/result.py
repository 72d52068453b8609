"""What one transfer measurement returns."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class TransferResult:
    """The accuracy of one classifier on the test set.

    Attributes:
        accuracy: Share of right test labels, from 0 to 1. A test label that
            the training labels lack counts as wrong.
        predictions: The label given to each test example.
        classifier: The trained classifier: a scikit-learn estimator on
            features, or a `keras.Model` from encoder inputs to logits, one
            for each of `classes`; None for nearest neighbours.
        classes: The labels in sorted order.
        settings: What was fixed and what was chosen on validation data.
    """

    accuracy: float
    predictions: np.ndarray
    classifier: Any
    classes: np.ndarray
    settings: dict = field(default_factory=dict)


def measured(predictions, y_test, classifier, classes, settings) -> TransferResult:
    """Returns the result for these predictions."""
    accuracy = float(np.mean(predictions == y_test))
    return TransferResult(accuracy, predictions, classifier, classes, settings)
