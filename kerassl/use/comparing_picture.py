"""A comparison of runs as a picture: figures, differences, and losses."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from kerassl.transfer.curves import legend_below
from kerassl.transfer.options import in_order

# More panels than this are too small to read; the table has the others.
_MOST_PANELS = 4
_MARKS = {"input": "x-.", "random": "s--", "supervised": "^:"}


def comparison_figure(comparison: Any) -> Any:
    """Returns a `matplotlib.figure.Figure` with a column of panels for each method.

    Above, what each subject and control reached by the number of labels, below, how
    much better the best subject is than each other, with its interval. Where the
    losses can be compared, a last row shows them.

    Args:
        comparison: A `RunComparison`.
    """
    from matplotlib.figure import Figure

    panels = in_order((row["measure"], row["title"]) for row in comparison.rows)
    panels = panels[:_MOST_PANELS]
    kinds = [_reached, *([_better] if comparison.differences else [])]
    extra = 1 if comparison.losses else 0
    size = (4.4 * max(len(panels), 1.5), 3.0 * (len(kinds) + extra) + 0.8)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.add_gridspec(len(kinds) + extra, len(panels))
    look = _looks(comparison.rows)
    for column, panel in enumerate(panels):
        for line, draw in enumerate(kinds):
            axis = figure.add_subplot(grid[line, column])
            draw(axis, comparison, panel, look)
            axis.grid(alpha=0.3)
    if extra:
        _losses(figure.add_subplot(grid[-1, :]), comparison.losses, look)
    legend_below(figure, figure.axes, columns=3)
    if comparison.verdict:
        width = 40 * max(len(panels), 1.5)
        said = "\n".join(textwrap.wrap(comparison.verdict.sentence, int(width)))
        figure.suptitle(said, fontsize="medium")
    return figure


def _looks(rows):
    """Returns {label: how it is drawn}, subjects in full, controls thin."""
    found = {}
    for row in rows:
        label, kind = row["encoder"], row["kind"]
        if label not in found:
            color = f"C{len(found) % 10}"
            thin = {"linewidth": 1, "markerfacecolor": "none", "markersize": 4}
            full = {"linewidth": 2}
            fmt = _MARKS.get(kind, "o-")
            found[label] = {"fmt": fmt, "color": color} | (
                thin if kind in _MARKS else full
            )
    return found


def _of_panel(rows, panel):
    return [row for row in rows if (row["measure"], row["title"]) == panel]


def _reached(axis, comparison, panel, look):
    rows = _of_panel(comparison.rows, panel)
    places = _axis_of_labels(axis, rows)
    for label in in_order(row["encoder"] for row in rows):
        own = [row for row in rows if row["encoder"] == label]
        at = [places[row["budget"]] for row in own]
        means, stds = ([row[key] for row in own] for key in ("mean", "std"))
        axis.errorbar(at, means, yerr=stds, capsize=3, label=label, **look[label])
    axis.set_title(panel[1])
    axis.set_ylabel(rows[0]["unit"])


def _better(axis, comparison, panel, look):
    rows = _of_panel(comparison.differences, panel)
    if not rows:
        axis.set_axis_off()
        return
    places = _axis_of_labels(axis, rows)
    others = in_order(row["against"] for row in rows)
    for number, other in enumerate(others):
        own = [row for row in rows if row["against"] == other]
        beside = 0.12 * (number - (len(others) - 1) / 2)
        axis.errorbar(
            [places[row["budget"]] + beside for row in own],
            [row["mean"] for row in own],
            yerr=[row["half_width"] or np.nan for row in own],
            fmt="o",
            capsize=4,
            color=look[other]["color"],
        )
    axis.axhline(0, color="black", linewidth=1)
    axis.set_ylabel(f"{rows[0]['encoder']} better by\n({rows[0]['unit']})")


def _axis_of_labels(axis, rows):
    """Returns {number of labels in words: its place}, few labels on the left."""
    counts = {row["budget"]: row["labels"] for row in rows}
    budgets = sorted(counts, key=lambda b: (counts[b] is None, counts[b] or 0))
    axis.set_xticks(range(len(budgets)), budgets)
    axis.set_xlim(-0.5, len(budgets) - 0.5)
    return {budget: place for place, budget in enumerate(budgets)}


def _losses(axis, losses, look):
    for label, seeds in losses.items():
        for curve in seeds:
            steps, values = zip(*curve, strict=True)
            axis.plot(steps, values, color=look[label]["color"], linewidth=1)
    axis.set_title("loss, a line for each seed")
    axis.set_xlabel("step")
    axis.grid(alpha=0.3)
