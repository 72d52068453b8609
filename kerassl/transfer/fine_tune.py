"""Accuracy of an encoder trained on with labels."""

import itertools
from collections.abc import Sequence

import numpy as np

from kerassl.encoders.pooling import feature_model
from kerassl.transfer.copies import copy_of
from kerassl.transfer.examples import batches, labelled, split_off, take
from kerassl.transfer.features import predict_whole
from kerassl.transfer.result import TransferResult, measured
from kerassl.transfer.tuning import Tuner, cross_entropy, planned_steps


def fine_tune(
    encoder,
    train,
    test,
    validation=0.2,
    *,
    frozen: bool = False,
    layer_decay: float = 1.0,
    learning_rate: float | Sequence[float] = 0.001,
    steps: int | None = None,
    epochs: float | None = None,
    batch_size: int = 32,
    patience: int = 5,
    pooling: str = "auto",
    seed: int = 0,
) -> TransferResult:
    """Returns the accuracy of a classifier that starts from the encoder.

    A linear head on the pooled features is trained with the encoder, or alone
    where `frozen`. The rate warms up over a tenth of the steps and falls to 0
    as a half cosine. On validation data, where there are any, the loss is
    measured 20 times; training stops when it has not improved `patience` times
    running, and the weights of its best value count. Without validation data
    the last step counts. The test set is read once, at the end.

    The encoder given is not changed: a copy of it is trained.

    Args:
        encoder: A functional `keras.Model`.
        train: (x, y), encoder inputs (an array, a dict of arrays, or
            `PreparedExamples`) and labels.
        test: (x, y) likewise.
        validation: Share of `train` to split off, (x, y) of other examples, or
            None. Where no class has three examples nothing is split off.
        frozen: Whether the encoder stays as it is, in evaluation mode.
        layer_decay: Factor on the learning rate from each depth of the encoder
            to the one below (see `variable_depths`), in (0, 1]. 1 is one rate
            for all.
        learning_rate: Highest rate of Adam, or several to choose from on
            validation data; without these the first is used.
        steps: Training steps. By default `epochs` decides.
        epochs: Passes over the training part, at least 150 and at most 1,000
            steps, where `steps` is None. 12 by default.
        batch_size: Examples in a step, fewer where there are fewer.
        patience: Measurements without improvement before training stops.
        pooling: As in `kerassl.encoders.pool`.
        seed: Integer, seeds the split, the head, the order and dropout.

    Returns:
        A `TransferResult`; its classifier is a `keras.Model` from encoder
        inputs to logits.

    Raises:
        ValueError: If an argument is out of range or x and y do not match.

    Example:
        >>> import keras
        >>> layers = [keras.Input((2,)), keras.layers.Dense(4)]
        >>> x, y = np.eye(2).repeat(9, axis=0), np.array([0, 1]).repeat(9)
        >>> fine_tune(keras.Sequential(layers), (x, y), (x, y), steps=60).accuracy
        1.0
    """
    train, test = labelled(train, "train"), labelled(test, "test")
    tuner = FineTuner(encoder, np.unique(train[1]), frozen=frozen, pooling=pooling)
    settings = tuner.fit(
        train,
        validation,
        layer_decay=layer_decay,
        learning_rate=learning_rate,
        steps=steps,
        epochs=epochs,
        batch_size=batch_size,
        patience=patience,
        seed=seed,
    )
    predictions = tuner.predict(test[0])
    return measured(predictions, test[1], tuner.classifier, tuner.classes, settings)


class FineTuner:
    """Fine-tunes a classifier again and again with one compiled step.

    Args:
        encoder: A functional `keras.Model`; a copy of it is trained.
        classes: Vector of the labels, sorted.
        frozen: Whether only the head is trained.
        pooling: As in `kerassl.encoders.pool`.

    Attributes:
        classifier: The `keras.Model` from encoder inputs to logits.
        features: The `keras.Model` from encoder inputs to features.

    Example:
        >>> import keras
        >>> encoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
        >>> FineTuner(encoder, np.array([0, 1])).classifier.output_shape
        (None, 2)
    """

    def __init__(self, encoder, classes, *, frozen=False, pooling="auto"):
        self.classes = np.asarray(classes)
        self.encoder = copy_of(encoder)
        self.features = feature_model(self.encoder, pooling)
        self._start = self.encoder.get_weights()
        self._tuner = Tuner(
            self.encoder, self.features, len(self.classes), frozen=frozen
        )
        self.classifier = self._tuner.classifier

    def fit(
        self,
        train,
        validation=0.2,
        *,
        weights=None,
        layer_decay=1.0,
        learning_rate=0.001,
        steps=None,
        epochs=None,
        batch_size=32,
        patience=5,
        seed=0,
    ) -> dict:
        """Trains from `weights`, and returns what was chosen.

        Args:
            train: (x, y).
            validation: As in `fine_tune`.
            weights: Encoder weights to start from, as `get_weights` returns;
                by default those of the encoder given.
            layer_decay: As in `fine_tune`, as are the others.

        Returns:
            Dict with the learning rate, the steps done and planned, and the
            validation loss (None without validation data).
        """
        x, y = labelled(train, "train")
        weights = self._start if weights is None else weights
        held = None
        if isinstance(validation, tuple | list):
            held = labelled(validation, "validation")
        elif validation is not None:
            kept, rest = split_off(y, validation, seed)
            held = (take(x, rest), y[rest]) if len(rest) else None
            x, y = take(x, kept), y[kept]
        steps = planned_steps(steps, epochs, len(y), batch_size)
        if self._tuner.frozen:
            self.encoder.set_weights(weights)
            x = predict_whole(self.features, x)
            if held is not None:
                held = predict_whole(self.features, held[0]), held[1]
        targets = np.searchsorted(self.classes, y)

        def labelled_batches(chosen, size):
            made = batches(take(x, chosen), size)
            for start, batch in zip(itertools.count(0, size), made, strict=False):
                yield batch, targets[chosen[start : start + size]]

        return self._tuner.fit(
            len(y),
            labelled_batches,
            None if held is None else lambda: self._loss(*held),
            weights=weights,
            learning_rate=learning_rate,
            layer_decay=layer_decay,
            steps=steps,
            batch_size=batch_size,
            patience=patience,
            seed=seed,
        )

    def predict(self, x, batch_size=256):
        """Returns the label of each example of `x`."""
        logits = predict_whole(self.classifier, x, batch_size)
        return self.classes[np.argmax(logits, axis=-1)]

    def _loss(self, x, y):
        """Returns the mean cross-entropy in nats, over the labels that are known."""
        logits = predict_whole(self._tuner.model, x)
        known = np.isin(y, self.classes)
        return cross_entropy(logits[known], np.searchsorted(self.classes, y[known]))
