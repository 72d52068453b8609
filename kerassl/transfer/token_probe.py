"""A linear classifier of words, its regularisation chosen on other words."""

import warnings

import numpy as np

# Words that the regularisation is chosen on, at most.
CHOOSE_ON = 10_000


def fit_probe(x, y, kept, strengths):
    """Returns a logistic regression and the strength of its regularisation.

    Args:
        x: Features of words, a matrix that may be sparse.
        y: Vector of their tags.
        kept: How many of the first words the strength is tried on; it is chosen on
            those after them, and the fit returned is of all. Without any after them,
            or where all tags are one, the middle strength holds.
        strengths: Values of scikit-learn's `C` to choose from, rising.

    Example:
        >>> x, y = np.eye(2)[[0, 1] * 9], np.array(["O", "B-LOC"] * 9)
        >>> probe, _ = fit_probe(x, y, 12, [0.1, 1.0])
        >>> probe.predict(np.eye(2)).tolist()
        ['O', 'B-LOC']
    """
    strength = strengths[len(strengths) // 2]
    tried = min(kept, CHOOSE_ON)
    if kept < len(y) and len(np.unique(y[:tried])) > 1:
        scores = [
            _fit(x[:tried], y[:tried], c).score(x[kept:], y[kept:]) for c in strengths
        ]
        strength = strengths[int(np.argmax(scores))]
    return _fit(x, y, strength), strength


def _fit(x, y, strength):
    """Returns a logistic regression, or what tells the only class there is."""
    from sklearn.dummy import DummyClassifier
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if len(np.unique(y)) < 2:
        return DummyClassifier().fit(x, y)
    probe = LogisticRegression(C=strength, max_iter=200)
    if isinstance(x, np.ndarray):  # one-hot words, a sparse matrix, have one scale
        probe = make_pipeline(StandardScaler(), probe)
    with warnings.catch_warnings():
        # The bound on iterations is on purpose.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return probe.fit(x, y)
