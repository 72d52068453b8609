"""Accuracy of a linear classifier on frozen features."""

import warnings

import numpy as np

from kerassl.errors import InvalidValue
from kerassl.transfer.examples import labelled, split_off
from kerassl.transfer.features import encode
from kerassl.transfer.result import TransferResult, measured


def linear_probe(
    encoder,
    train,
    test,
    validation=0.2,
    *,
    strengths=(0.001, 0.01, 0.1, 1.0, 10.0),
    default_strength: float = 0.1,
    max_iterations: int = 200,
    choose_on: int = 10_000,
    seed: int = 0,
    batch_size: int = 256,
    pooling: str = "auto",
) -> TransferResult:
    """Returns the accuracy of logistic regression on frozen features.

    Features are standardised by the training part. The strength of
    regularisation is chosen on validation data, never on the test set. Where
    validation data were split off, the final fit uses all of `train`.

    Args:
        encoder: A functional `keras.Model`, or None where x holds features.
        train: (x, y), encoder inputs and labels.
        test: (x, y) likewise.
        validation: Share of `train` to split off, (x, y) of other examples, or
            None for no choice: then `default_strength` is used, as it is when
            no class has the three examples that a split needs.
        strengths: Values of scikit-learn's `C` to choose from, above 0.
        default_strength: `C` where nothing can be chosen.
        max_iterations: Bound on solver iterations in each fit.
        choose_on: Bound on the examples used while choosing.
        seed: Integer, seeds the split.
        batch_size: Examples encoded at a time.
        pooling: As in `kerassl.encoders.pool`.

    Returns:
        A `TransferResult`; its classifier takes features.

    Raises:
        ValueError: If x and y do not match, or there is a single class.

    Example:
        >>> x, y = np.eye(2).repeat(5, axis=0), np.array([0, 1]).repeat(5)
        >>> linear_probe(None, (x, y), (x, y)).accuracy
        1.0

    Reference:
        Alain & Bengio, 2016, https://arxiv.org/abs/1610.01644
    """
    (x, y), (x_test, y_test) = labelled(train, "train"), labelled(test, "test")
    if len(np.unique(y)) < 2:
        raise InvalidValue(f"`train` must hold two classes or more. Received: {y[0]!r}")
    features = encode(encoder, x, batch_size, pooling)
    parts = _parts(encoder, features, y, validation, seed, batch_size, pooling)
    strength, score = default_strength, None
    if parts is not None:
        (kept, y_kept), (held, y_held) = parts
        scores = [
            _fit(kept[:choose_on], y_kept[:choose_on], c, max_iterations).score(
                held, y_held
            )
            for c in strengths
        ]
        best = int(np.argmax(scores))  # the strongest regularisation among equals
        strength, score = strengths[best], float(scores[best])
    probe = _fit(features, y, strength, max_iterations)
    predictions = probe.predict(encode(encoder, x_test, batch_size, pooling))
    settings = {"C": strength, "validation_accuracy": score}
    return measured(predictions, y_test, probe, probe.classes_, settings)


def _parts(encoder, features, y, validation, seed, batch_size, pooling):
    """Returns ((features, y), (features, y)) to choose with, or None."""
    if validation is None:
        return None
    if isinstance(validation, tuple | list):
        x, y_held = labelled(validation, "validation")
        order = np.random.default_rng([seed, 3]).permutation(len(y))
        held = encode(encoder, x, batch_size, pooling)
        return (features[order], y[order]), (held, y_held)
    kept, held = split_off(y, validation, seed)
    if len(held) == 0:
        return None
    kept = np.random.default_rng([seed, 3]).permutation(kept)
    return (features[kept], y[kept]), (features[held], y[held])


def _fit(features, y, strength, max_iterations):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    probe = make_pipeline(
        StandardScaler(), LogisticRegression(C=strength, max_iter=max_iterations)
    )
    # On small matrices more threads cost more than they bring: 1,437 x 128
    # took 1.6 s with two and 0.1 s with one.
    threads = 1 if features.size < 5_000_000 else None
    with warnings.catch_warnings(), threadpool_limits(threads):
        # The bound on iterations is on purpose.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return probe.fit(features, y)
