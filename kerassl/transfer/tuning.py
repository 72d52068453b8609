"""An encoder under a linear head, trained again and again with one compiled step."""

import itertools
import math

import keras
import numpy as np

from kerassl import distribute
from kerassl.errors import InvalidValue
from kerassl.transfer.layer_decay import LayerwiseAdam, rate_factors, variable_depths

# How often the loss on validation data is measured.
MEASURED = 20


class Tuner:
    """Trains one architecture and its head again and again with one compiled step.

    Tracing a training step takes seconds, which many small trainings would
    each pay again. `fit` instead puts weights, optimizer and dropout back to
    the start.

    Args:
        encoder: A `keras.Model`, which is trained.
        features: The `keras.Model` from its inputs to its features, a float tensor
            (batch, ..., dim). It shares the encoder's weights.
        outputs: Number of logits that the head gives for each feature vector.
        frozen: Whether only the head is trained; on features, then.

    Attributes:
        classifier: The `keras.Model` from encoder inputs to logits.
        model: The one that is trained: the classifier, the head alone if `frozen`.

    Example:
        >>> inputs = keras.Input((5, 2))
        >>> encoder = keras.Model(inputs, keras.layers.Dense(4)(inputs))
        >>> Tuner(encoder, encoder, outputs=3).classifier.output_shape
        (None, 5, 3)
    """

    def __init__(self, encoder, features, outputs, *, frozen=False):
        self.encoder, self.frozen = encoder, frozen
        head = keras.layers.Dense(outputs, dtype="float32", name="classes")
        self.classifier = keras.Model(features.input, head(features.output))
        self.model = self.classifier
        if frozen:
            # Features are computed once; training sees only the head.
            dim = features.output.shape[-1]
            self.model = keras.Sequential([keras.Input((dim,)), head])
        self._head = head
        self._seeds = [
            v for v in self.classifier.variables if v.path.endswith("generator_state")
        ]
        self.optimizer = LayerwiseAdam(global_clipnorm=1.0)
        self.model.compile(
            self.optimizer, keras.losses.SparseCategoricalCrossentropy(True)
        )
        self.optimizer.build(self.model.trainable_variables)
        self._optimizer_start = [
            keras.ops.convert_to_numpy(v) for v in self.optimizer.variables
        ]

    def fit(
        self,
        examples,
        batches,
        loss=None,
        *,
        weights,
        learning_rate,
        layer_decay,
        steps,
        batch_size,
        patience,
        seed,
    ) -> dict:
        """Trains from `weights` with each rate, and keeps the best of them.

        Args:
            examples: Number of training examples.
            batches: Function from positions of examples, in the order of training,
                and a batch size to their batches: `(x, y)` or `(x, y,
                sample_weight)`, arrays as `train_on_batch` takes them.
            loss: Function that returns the loss on validation data, or None.
            weights: The encoder's, to start from, as `get_weights` returns them.
            learning_rate: As in `fine_tune`, as are the others.

        Returns:
            Dict with the learning rate, the steps done and planned, the layer decay
            and the validation loss (None without validation data).
        """
        rates = np.atleast_1d(learning_rate).astype(float).tolist()
        _check(rates, batch_size, patience, steps)
        plan = {"steps": steps, "batch_size": min(batch_size, examples)}
        plan |= {"patience": patience, "seed": seed}
        best: tuple[dict, list] | None = None
        for rate in rates if loss else rates[:1]:
            self._reset(weights, layer_decay, seed)
            with distribute.letting_graphs_go():
                chosen = self._train(examples, batches, loss, rate, **plan)
            if best is None or chosen["validation_loss"] < best[0]["validation_loss"]:
                best = chosen, self.classifier.get_weights()
        assert best is not None  # there is a rate at least
        self.classifier.set_weights(best[1])
        return {**best[0], "steps": steps, "layer_decay": layer_decay}

    def _reset(self, weights, layer_decay, seed):
        rng = np.random.default_rng([seed, 4])
        self.encoder.set_weights(weights)
        shape = self._head.kernel.shape
        self._head.kernel.assign(rng.normal(0, 0.01, shape).astype("float32"))
        self._head.bias.assign(np.zeros(shape[-1], "float32"))
        for variable in self._seeds:
            variable.assign(np.array([rng.integers(2**31), 0], variable.dtype))
        for variable, value in zip(
            self.optimizer.variables, self._optimizer_start, strict=True
        ):
            variable.assign(value)
        depths = [] if self.frozen else self._depths()
        self.optimizer.rate_factors.assign(rate_factors(depths, layer_decay, heads=2))

    def _depths(self):
        """Returns the depth of each encoder variable that the classifier trains."""
        variables = self.encoder.trainable_variables
        depths = dict(
            zip(map(id, variables), variable_depths(self.encoder), strict=True)
        )
        # What the features do not read is not trained: BERT's pooler.
        trained = map(id, self.model.trainable_variables)
        return [depths[key] for key in trained if key in depths]

    def _train(
        self, examples, batches, loss, rate, *, steps, batch_size, patience, seed
    ):
        """Trains step by step: an epoch of `fit` costs more than small steps do."""
        every = math.ceil(steps / MEASURED)
        order = _order(examples, np.random.default_rng([seed, 5]))
        best, best_weights, waited, done = math.inf, None, 0, 0
        while done < steps and waited < patience:
            some = min(every, steps - done)
            chosen = np.array(list(itertools.islice(order, some * batch_size)))
            for step, batch in enumerate(batches(chosen, batch_size), done + 1):
                self.optimizer.learning_rate.assign(rate * _warmup_cosine(step, steps))
                self.model.train_on_batch(*batch)
            done += some
            if loss is None:
                continue
            found, waited = loss(), waited + 1
            if found < best:
                best, best_weights, waited = found, self.model.get_weights(), 0
        if best_weights is not None:
            self.model.set_weights(best_weights)
        return {
            "learning_rate": rate,
            "validation_loss": None if loss is None else best,
            "steps_done": done,
        }


def planned_steps(steps, epochs, examples, batch_size):
    """Returns the steps of a training, at least 150 and at most 1,000 unless given.

    Args:
        steps: As in `fine_tune`, and so `epochs`.
        epochs: See `steps`.
        examples: Number of training examples.
        batch_size: Examples in a step.

    Example:
        >>> planned_steps(None, None, 2000, 32), planned_steps(9, None, 2000, 32)
        (750, 9)
    """
    for name, value in (("steps", steps), ("epochs", epochs)):
        _check_above(name, 1 if value is None else value)
    _check_above("batch_size", batch_size)
    if steps is not None:
        return steps
    wanted = (12 if epochs is None else epochs) * examples / batch_size
    return min(max(math.ceil(wanted), 150), 1000)


def tuning_work(sizes, options) -> float:
    """Returns passes of an example through the encoder that trainings take.

    Args:
        sizes: Numbers of training examples, one for each training.
        options: Arguments of `FineTuner.fit`, or None.

    Example:
        >>> tuning_work([2000], None) == 3 * 750 * 32
        True
    """
    options = options or {}
    batch_size = options.get("batch_size", 32)
    asked = options.get("steps"), options.get("epochs")
    steps = sum(planned_steps(*asked, size, batch_size) for size in sizes)
    return 3.0 * batch_size * steps


def cross_entropy(logits, labels) -> float:
    """Returns the mean cross-entropy in nats, computed in float64.

    Args:
        logits: Array (examples, classes).
        labels: Integer vector (examples,).

    Example:
        >>> round(cross_entropy(np.zeros((3, 2)), np.array([0, 1, 1])), 4)
        0.6931
    """
    logits = logits.astype("float64")
    top = logits.max(axis=1, keepdims=True)
    total = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
    return float(np.mean(total - logits[np.arange(len(labels)), labels]))


def _check(rates, batch_size, patience, steps):
    _check_above("batch_size", batch_size)
    _check_above("patience", patience)
    _check_above("learning_rate", min(rates, default=0))
    _check_above("steps", steps)


def _check_above(name, value):
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
