"""Features of the input itself, as a comparison takes them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class InputFeatures:
    """One way to give examples themselves to a classifier, without any encoder.

    Nothing of it is learnt from labels: what is fitted, such as the axes of PCA or
    the weights of words, is fitted to the training examples alone.

    Attributes:
        name: As tables show it, such as "raw pixels" or "TF-IDF".
        train: Matrix (examples, dim) of float32, an array or a matrix of scipy in
            row form, one row for each training example in the source's order.
        test: The same for the test examples.
        standardise: Whether a linear probe standardises each column. Not where rows
            are scaled by their making, as those of TF-IDF are.
        methods: Of the methods of a comparison, those that are applied to it.
        classifiers: {title: function from (x, y, x_test) to predictions} of methods
            of its own, such as naive Bayes.
        on: How a sentence says "than", such as "on raw pixels"; made from the name
            where it is empty.
        validation: The same matrix for examples to choose settings on; None chooses
            on a part of the labels drawn.

    Example:
        >>> import numpy as np
        >>> InputFeatures("raw pixels", np.eye(2), np.eye(2)).on
        'on raw pixels'
    """

    name: str
    train: Any
    test: Any
    standardise: bool = True
    methods: tuple[str, ...] = ("knn", "linear_probe")
    classifiers: dict[str, Callable] = field(default_factory=dict)
    on: str = ""
    validation: Any = None

    def __post_init__(self):
        if not self.on:
            object.__setattr__(self, "on", f"on {self.name}")
