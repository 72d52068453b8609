"""Accuracy of a linear classifier on frozen features."""

import warnings

import numpy as np

from kerassl.errors import InvalidValue
from kerassl.transfer.examples import labelled, split_off, take
from kerassl.transfer.features import encode
from kerassl.transfer.result import TransferResult, measured

# Values of C, and the one where nothing can be chosen. Rows that are scaled by their
# making, as those of TF-IDF are, have small columns and need far less of a bound: with
# one and two labels a class, a probe of averaged word vectors gains up to C = 1000,
# while TF-IDF and the axes of pixels are as good at any of these.
STRENGTHS = {True: (0.001, 0.01, 0.1, 1.0, 10.0), False: (0.1, 1.0, 10.0, 100.0, 1e3)}
DEFAULT_STRENGTH = {True: 0.1, False: 100.0}


def linear_probe(
    encoder,
    train,
    test,
    validation=0.2,
    *,
    standardise: bool = True,
    features="pooled",
    strengths=None,
    default_strength: float | None = None,
    max_iterations: int = 200,
    choose_on: int = 10_000,
    seed: int = 0,
    batch_size: int = 256,
    pooling: str = "auto",
) -> TransferResult:
    """Returns the accuracy of logistic regression on frozen features.

    Features are standardised by the training part. The strength of
    regularisation is chosen on validation data, never on the test set, and so is
    the kind of features where there are several. Where validation data were split
    off, the final fit uses all of `train`.

    Args:
        encoder: A functional `keras.Model`, or None where x holds features: a
            matrix, also a sparse one of scipy, or a dict of several by name.
        train: (x, y), encoder inputs and labels.
        test: (x, y) likewise.
        validation: Share of `train` to split off, (x, y) of other examples, or
            None for no choice: then `default_strength` and the first features are
            used, as they are when no class has the three examples that a split
            needs.
        standardise: Whether each column gets mean 0 and variance 1.
        features: Which of the encoder's, as in `encode`.
        strengths: Values of scikit-learn's `C` to choose from, above 0. None for
            0.001 to 10 on standardised features, 0.1 to 1000 on others.
        default_strength: `C` where nothing can be chosen. None for 0.1 on
            standardised features, 100 on others.
        max_iterations: Bound on solver iterations in each fit.
        choose_on: Bound on the examples used while choosing.
        seed: Integer, seeds the split.
        batch_size: Examples encoded at a time.
        pooling: As in `kerassl.encoders.pool`.

    Returns:
        A `TransferResult`; its classifier takes features. Its settings name those
        chosen, where there were several.

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

    def encoded(x):
        return encode(encoder, x, batch_size, pooling, features)

    rows = encoded(x)
    names = list(rows) if isinstance(rows, dict) else [None]
    settings = {
        "C": DEFAULT_STRENGTH[standardise]
        if default_strength is None
        else default_strength,
        "validation_accuracy": None,
    }
    name = names[0]
    parts = _parts(rows, y, validation, seed, encoded)
    if parts is not None:
        strengths = STRENGTHS[standardise] if strengths is None else strengths
        (kept, y_kept), held = parts
        some = take(kept, slice(choose_on)), y_kept[:choose_on]
        options = [(each, strength) for each in names for strength in strengths]
        scores = [
            _fit(_of(some[0], each), some[1], c, max_iterations, standardise).score(
                _of(held[0], each), held[1]
            )
            for each, c in options
        ]
        # Among equals the first features, the strongest regularisation.
        best = int(np.argmax(scores))
        name, settings["C"] = options[best]
        settings["validation_accuracy"] = float(scores[best])
    if name is not None:
        settings["features"] = name
    probe = _fit(_of(rows, name), y, settings["C"], max_iterations, standardise)
    predictions = probe.predict(_of(encoded(x_test), name))
    return measured(predictions, y_test, probe, probe.classes_, settings)


def _of(rows, name):
    """Returns the features of a name, or all where they have none."""
    return rows if name is None else rows[name]


def _parts(rows, y, validation, seed, encoded):
    """Returns ((features, y), (features, y)) to choose with, or None."""
    if validation is None:
        return None
    if isinstance(validation, tuple | list):
        x, y_held = labelled(validation, "validation")
        order = np.random.default_rng([seed, 3]).permutation(len(y))
        return (take(rows, order), y[order]), (encoded(x), y_held)
    kept, held = split_off(y, validation, seed)
    if len(held) == 0:
        return None
    kept = np.random.default_rng([seed, 3]).permutation(kept)
    return (take(rows, kept), y[kept]), (take(rows, held), y[held])


def _fit(features, y, strength, max_iterations, standardise):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    scaled = [StandardScaler()] if standardise else []
    probe = make_pipeline(
        *scaled, LogisticRegression(C=strength, max_iter=max_iterations)
    )
    # On small matrices more threads cost more than they bring: 1,437 x 128
    # took 1.6 s with two and 0.1 s with one.
    threads = 1 if features.size < 5_000_000 else None
    with warnings.catch_warnings(), threadpool_limits(threads):
        # The bound on iterations is on purpose.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return probe.fit(features, y)
