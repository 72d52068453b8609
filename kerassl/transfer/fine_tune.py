"""Accuracy of an encoder trained on with labels."""

import itertools
import math
from collections.abc import Sequence

import keras
import numpy as np

from kerassl.encoders.pooling import feature_model
from kerassl.errors import InvalidValue
from kerassl.transfer.copies import copy_of
from kerassl.transfer.examples import batches, labelled, split_off, take
from kerassl.transfer.features import predict_whole
from kerassl.transfer.layer_decay import LayerwiseAdam, rate_factors, variable_depths
from kerassl.transfer.result import TransferResult, measured


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
    """Fine-tunes one architecture again and again with one compiled step.

    Tracing a training step takes seconds, which many small trainings would
    each pay again. `fit` instead puts weights, optimizer and dropout back to
    the start.

    Args:
        encoder: A functional `keras.Model`; a copy of it is trained.
        classes: Vector of the labels, sorted.
        frozen: Whether only the head is trained.
        pooling: As in `kerassl.encoders.pool`.

    Attributes:
        classifier: The `keras.Model` from encoder inputs to logits.
        features: The `keras.Model` from encoder inputs to features.

    Example:
        >>> encoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
        >>> FineTuner(encoder, np.array([0, 1])).classifier.output_shape
        (None, 2)
    """

    def __init__(self, encoder, classes, *, frozen=False, pooling="auto"):
        self.classes = np.asarray(classes)
        self.frozen = frozen
        self.encoder = copy_of(encoder)
        self.features = feature_model(self.encoder, pooling)
        self._start = self.encoder.get_weights()
        head = keras.layers.Dense(len(self.classes), dtype="float32", name="classes")
        self.classifier = keras.Model(self.features.input, head(self.features.output))
        self._model = self.classifier
        if frozen:
            # Features are computed once; training sees only the head.
            dim = self.features.output.shape[-1]
            self._model = keras.Sequential([keras.Input((dim,)), head])
        self._head = head
        self._seeds = [
            v for v in self.classifier.variables if v.path.endswith("generator_state")
        ]
        self._optimizer = LayerwiseAdam(global_clipnorm=1.0)
        self._model.compile(
            self._optimizer, keras.losses.SparseCategoricalCrossentropy(True)
        )
        self._optimizer.build(self._model.trainable_variables)
        self._optimizer_start = [
            keras.ops.convert_to_numpy(v) for v in self._optimizer.variables
        ]

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
        rates = np.atleast_1d(learning_rate).astype(float).tolist()
        self._check(rates, batch_size, patience, steps, epochs)
        held = None
        if isinstance(validation, tuple | list):
            held = labelled(validation, "validation")
        elif validation is not None:
            kept, rest = split_off(y, validation, seed)
            held = (take(x, rest), y[rest]) if len(rest) else None
            x, y = take(x, kept), y[kept]
        if steps is None:
            wanted = (12 if epochs is None else epochs) * len(y) / batch_size
            steps = min(max(math.ceil(wanted), 150), 1000)
        if self.frozen:
            self.encoder.set_weights(weights)
            x = predict_whole(self.features, x)
            if held is not None:
                held = predict_whole(self.features, held[0]), held[1]
        plan = {
            "steps": steps,
            "batch_size": min(batch_size, len(y)),
            "patience": patience,
            "seed": seed,
        }
        best: tuple[dict, list] | None = None
        for rate in rates if held else rates[:1]:
            self._reset(weights, layer_decay, seed)
            chosen = self._train(x, y, held, rate, **plan)
            if best is None or chosen["validation_loss"] < best[0]["validation_loss"]:
                best = chosen, self.classifier.get_weights()
        assert best is not None  # there is a rate at least
        self.classifier.set_weights(best[1])
        return {**best[0], "steps": steps, "layer_decay": layer_decay}

    def predict(self, x, batch_size=256):
        """Returns the label of each example of `x`."""
        logits = predict_whole(self.classifier, x, batch_size)
        return self.classes[np.argmax(logits, axis=-1)]

    def _reset(self, weights, layer_decay, seed):
        rng = np.random.default_rng([seed, 4])
        self.encoder.set_weights(weights)
        shape = self._head.kernel.shape
        self._head.kernel.assign(rng.normal(0, 0.01, shape).astype("float32"))
        self._head.bias.assign(np.zeros(shape[-1], "float32"))
        for variable in self._seeds:
            variable.assign(np.array([rng.integers(2**31), 0], variable.dtype))
        for variable, value in zip(
            self._optimizer.variables, self._optimizer_start, strict=True
        ):
            variable.assign(value)
        depths = [] if self.frozen else self._depths()
        self._optimizer.rate_factors.assign(rate_factors(depths, layer_decay, heads=2))

    def _depths(self):
        """Returns the depth of each encoder variable that the classifier trains."""
        variables = self.encoder.trainable_variables
        depths = dict(
            zip(map(id, variables), variable_depths(self.encoder), strict=True)
        )
        # What the features do not read is not trained: BERT's pooler.
        trained = map(id, self._model.trainable_variables)
        return [depths[key] for key in trained if key in depths]

    def _train(self, x, y, held, rate, *, steps, batch_size, patience, seed):
        """Trains step by step: an epoch of `fit` costs more than small steps do."""
        every = math.ceil(steps / 20)
        targets = np.searchsorted(self.classes, y)
        order = _order(len(y), np.random.default_rng([seed, 5]))
        best, best_weights, waited, done = math.inf, None, 0, 0
        while done < steps and waited < patience:
            some = min(every, steps - done)
            chosen = np.array(list(itertools.islice(order, some * batch_size)))
            for i, batch in enumerate(batches(take(x, chosen), batch_size), done + 1):
                self._optimizer.learning_rate.assign(rate * _warmup_cosine(i, steps))
                labels, chosen = chosen[:batch_size], chosen[batch_size:]
                self._model.train_on_batch(batch, targets[labels])
            done += some
            if held is None:
                continue
            loss, waited = self._loss(*held), waited + 1
            if loss < best:
                best, best_weights, waited = loss, self._model.get_weights(), 0
        if best_weights is not None:
            self._model.set_weights(best_weights)
        return {
            "learning_rate": rate,
            "validation_loss": None if held is None else best,
            "steps_done": done,
        }

    def _loss(self, x, y):
        """Returns the mean cross-entropy in nats, over the labels that are known."""
        logits = predict_whole(self._model, x)
        known = np.isin(y, self.classes)
        right = np.searchsorted(self.classes, y[known])
        logits = logits[known].astype("float64")
        top = logits.max(axis=1, keepdims=True)
        total = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
        return float(np.mean(total - logits[np.arange(len(right)), right]))

    def _check(self, rates, batch_size, patience, steps, epochs):
        positive = {"batch_size": batch_size, "patience": patience}
        positive |= {"learning_rate": min(rates, default=0)}
        positive |= {} if steps is None else {"steps": steps}
        positive |= {} if epochs is None else {"epochs": epochs}
        for name, value in positive.items():
            if not value > 0:
                raise InvalidValue(f"`{name}` must be above 0. Received: {value}")


def _order(count, rng):
    """Yields positions without end: each pass is another permutation."""
    while True:
        yield from rng.permutation(count)


def _warmup_cosine(step, steps):
    """Returns the factor on the learning rate in a step, counted from 1."""
    warmup = max(1, steps // 10)
    if step <= warmup:
        return step / warmup
    done = (step - warmup) / max(1, steps - warmup)
    # Half a step behind, so that the last one moves too.
    return 0.5 * (1 + math.cos(math.pi * (done - 0.5 / steps)))
