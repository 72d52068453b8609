"""A picture of the feature space: two dimensions, coloured by label."""

import keras
import numpy as np

from kerassl.errors import InvalidValue
from kerassl.pictures.fonts import fonts_for
from kerassl.pictures.labels import COLOURS, look, plain, short_names
from kerassl.transfer.examples import take
from kerassl.transfer.features import encode

# Of fewer there is no map to make.
LEAST_MAP_EXAMPLES = 3
# What titles call the methods.
NAMES = {"tsne": "Features in two dimensions (t-SNE)", "pca": "Features (PCA)"}
# Classes that are named below each other, and letters of a name there.
ONE_COLUMN, LETTERS = 20, 28
# Beyond so many classes a legend hides the picture.
MOST_NAMED = 40


def embedding_map(
    encoder,
    x,
    labels=None,
    class_names=None,
    *,
    method: str = "tsne",
    examples: int = 1000,
    seed: int = 0,
    title: str | None = None,
):
    """Returns a two-dimensional map of an encoder's features.

    Args:
        encoder: A functional `keras.Model`, or None where `x` holds features.
        x: Encoder inputs, three examples or more.
        labels: Vector of integer or string labels, or None for one colour.
        class_names: Names of the labels 0, 1, … for the legend.
        method: "tsne" keeps neighbourhoods; "pca" keeps distances.
        examples: At most this many are drawn, chosen at random.
        seed: Integer.
        title: Title of the picture; None says what it shows.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If `method` is unknown or the sizes do not match.

    Example:
        >>> figure = embedding_map(None, np.eye(8), method="pca")
        >>> len(figure.axes)
        1

    Reference:
        van der Maaten & Hinton, 2008, https://jmlr.org/papers/v9/vandermaaten08a.html
    """
    count = len(keras.tree.flatten(x)[0])
    if count < LEAST_MAP_EXAMPLES:
        raise InvalidValue(
            f"`x` must hold {LEAST_MAP_EXAMPLES} examples or more. Received: {count}"
        )
    if labels is not None and len(labels) != count:
        raise InvalidValue(
            f"`labels` must have one label for each of {count} examples. "
            f"Received: {len(labels)}"
        )
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(count)[:examples]
    points = _in_two_dimensions(encode(encoder, take(x, chosen)), method, seed)
    labels = None if labels is None else np.asarray(labels)[chosen]
    if title is None:
        title = f"{NAMES[method]} of {len(chosen):,} examples: near means alike"
    return _scatter(points, labels, class_names, title)


def _in_two_dimensions(features, method, seed):
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if method not in ("tsne", "pca"):
        raise InvalidValue(f"`method` must be 'tsne' or 'pca'. Received: {method!r}")
    reduced = min(50 if method == "tsne" else 2, *features.shape)
    points = PCA(reduced, random_state=seed).fit_transform(features)
    if method == "tsne":
        perplexity = min(30.0, (len(points) - 1) / 3)
        points = TSNE(
            2, perplexity=perplexity, init="random", random_state=seed
        ).fit_transform(points)
    if points.shape[1] == 1:
        points = np.hstack([points, np.zeros_like(points)])
    return points


def _scatter(points, labels, class_names, title):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 6), layout="constrained")
    axis = figure.subplots()
    shown = {"s": 14, "linewidths": 0, "alpha": 0.8}
    if labels is None:
        axis.scatter(*points.T, **shown, color=COLOURS[0])
    else:
        kinds = np.unique(labels)
        names = [str(k if class_names is None else class_names[int(k)]) for k in kinds]
        families, drawn = fonts_for([*names, "…"])
        few = len(kinds) <= ONE_COLUMN
        letters = LETTERS if few else LETTERS // 2
        shown_names = short_names([drawn(name) for name in names], letters)
        for i, kind in enumerate(kinds):
            label = plain(shown_names[i])
            axis.scatter(*points[labels == kind].T, **shown, **look(i), label=label)
        if len(kinds) <= MOST_NAMED:
            figure.legend(
                loc="outside right upper",
                markerscale=1.5,
                ncols=1 if few else 2,
                prop={"family": families, "size": 9 if few else 8},
            )
        else:
            title += f"\n{len(kinds)} classes by colour and mark, too many to name"
        drawn.explain(figure)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.set_title(title, fontsize="medium")
    return figure
