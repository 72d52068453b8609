"""The picture of a comparison: accuracy by labels a class."""

import textwrap

from kerassl.pictures.labels import COLOURS
from kerassl.transfer.options import METHODS, in_order, title

_STYLES = {"pretrained": "o-", "random": "s--", "supervised": "^:"}
_COLORS = dict(zip(_STYLES, COLOURS, strict=False))
# Inputs have thin lines without a filled mark, told apart by mark and colour.
_INPUT_MARKS = "xD+v*1"


def few_labels_figure(rows, protocol, headline=""):
    """Returns a `matplotlib.figure.Figure` with a panel for each method.

    What input features bring as a method of their own, such as naive Bayes, is drawn
    in the panel of the linear probe, or else in the last.

    Args:
        rows: Those of a `Comparison`.
        protocol: Its protocol.
        headline: What stands above the panels.

    Example:
        >>> row = {"encoder": "random", "method": "knn", "labels_per_class": 5}
        >>> row |= {"accuracies": [0.5], "mean": 0.5, "std": 0.0}
        >>> sizes = {"train_examples": 10, "classes": 2}
        >>> few_labels_figure([row], sizes).axes[0].get_title()
        'kNN'
    """
    from matplotlib.figure import Figure

    methods = in_order(row["method"] for row in rows)
    panels = [method for method in methods if method in METHODS] or methods
    others = "linear_probe" if "linear_probe" in panels else panels[-1]
    figure = Figure(figsize=(3.3 * max(len(panels), 1.8), 4.2), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, panel in zip(axes, panels, strict=True):
        own = [
            m for m in methods if m == panel or (panel == others and m not in panels)
        ]
        _draw(axis, [row for row in rows if row["method"] in own], rows, protocol)
        axis.set_title(title(panel))
    axes[0].set_ylabel("test accuracy (%), higher is better")
    legend_below(figure, axes, columns=2 * len(axes) if len(axes) > 1 else 3)
    if headline:
        width = 24 * len(panels) + 24
        figure.suptitle("\n".join(textwrap.wrap(headline, width)), fontsize="medium")
    return figure


def _draw(axis, drawn, rows, protocol):
    budgets = in_order(row["labels_per_class"] for row in rows)
    everything = protocol["train_examples"] / protocol["classes"]
    places = {b: everything if b is None else b for b in budgets}
    for label, curve in _curves(drawn).items():
        axis.errorbar(
            [places[row["labels_per_class"]] for row in curve],
            [100 * row["mean"] for row in curve],
            yerr=[100 * row["std"] for row in curve],
            capsize=3,
            label=label,
            **_style(label, rows),
        )
    axis.set_xscale("log")
    axis.set_xticks(list(places.values()))
    axis.set_xticklabels(["all" if b is None else str(b) for b in budgets])
    axis.minorticks_off()
    axis.set_xlabel("labels a class")
    axis.grid(alpha=0.3)


def _curves(rows):
    """Returns {label: rows of one curve}."""
    found: dict[str, list] = {}
    for row in rows:
        found.setdefault(_label(row), []).append(row)
    return found


def _label(row):
    if row["method"] in METHODS:
        return row["encoder"]
    return f"{title(row['method'])}, {row['encoder']}"


def _style(label, rows):
    if label in _STYLES:
        return {"fmt": _STYLES[label], "color": _COLORS[label]}
    inputs = [each for each in in_order(map(_label, rows)) if each not in _STYLES]
    place = inputs.index(label)
    mark = _INPUT_MARKS[place % len(_INPUT_MARKS)]
    look = {"linewidth": 1, "markerfacecolor": "none"}
    return {"fmt": f"{mark}-.", "color": COLOURS[3 + place % 4], **look}


def legend_below(figure, axes, columns):
    """Puts one legend of all panels below them, where it hides no curve.

    Args:
        figure: The `matplotlib.figure.Figure`.
        axes: Its panels.
        columns: How many names stand in a line, at most.
    """
    shown: dict = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            shown.setdefault(label, handle)
    figure.legend(
        shown.values(),
        shown.keys(),
        loc="outside lower center",
        ncols=min(len(shown), columns),
        frameon=False,
    )
