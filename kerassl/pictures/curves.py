"""Curves of what a run logged."""

from collections.abc import Sequence

from kerassl.errors import InvalidValue
from kerassl.pictures.labels import plain

# Of a line of the log, what is no measure of the training.
# By the end of a measure's name, what its axis says of it.
_GOOD = {
    "loss": "lower is better",
    "error": "lower is better",
    "accuracy": "share, higher is better",
    "embedding_std": "near 0: collapsed",
    "effective_rank": "dimensions, near 1: collapsed",
    "uniformity": "lower is more even",
    "alignment": "lower is better",
}
TITLE = "Loss and measures by step"
_NOT_DRAWN = {"step", "epoch", "seconds", "examples_per_second"}


def loss_curve(rows: Sequence[dict], title: str = TITLE):
    """Returns curves of the loss and of every other measure over the steps.

    Args:
        rows: Dicts with "step" and measures by name, as `read_log` returns.
            Some measures may be missing from some rows.
        title: Title of the picture.

    Returns:
        A `matplotlib.figure.Figure` with one small picture a measure; a measure
        and its `val_` partner share one.

    Raises:
        ValueError: If no row holds a step and a measure.

    Example:
        >>> rows = [{"step": 10, "loss": 2.0}, {"step": 20, "loss": 1.5}]
        >>> len(loss_curve(rows).axes)
        1
    """
    from matplotlib.figure import Figure

    measures = _measures(rows)
    columns = min(3, len(measures))
    lines = -(-len(measures) // columns)
    figure = Figure(figsize=(3.2 * columns, 2.4 * lines), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False).flat
    for axis, (name, curves) in zip(axes, measures.items(), strict=False):
        for label, (steps, values) in curves.items():
            axis.plot(steps, values, "." if len(steps) == 1 else "-", label=label)
        axis.set_title(plain(name.replace("_", " ")), fontsize=10)
        good = [told for end, told in _GOOD.items() if name.endswith(end)]
        axis.set_ylabel(good[0] if good else "", fontsize=8)
        axis.set_xlabel("step")
        axis.grid(alpha=0.3)
        if len(curves) > 1:
            axis.legend(frameon=False)
    for axis in list(figure.axes)[len(measures) :]:
        axis.remove()
    figure.suptitle(title)
    return figure


def _measures(rows):
    """Returns {measure: {"training" or "validation": (steps, values)}}."""
    measures: dict[str, dict] = {}
    for row in rows:
        for name, value in row.items():
            numeric = isinstance(value, int | float) and not isinstance(value, bool)
            if name in _NOT_DRAWN or not numeric or "step" not in row:
                continue
            curves = measures.setdefault(name.removeprefix("val_"), {})
            label = "validation" if name.startswith("val_") else "training"
            steps, values = curves.setdefault(label, ([], []))
            steps.append(row["step"])
            values.append(value)
    if not measures:
        raise InvalidValue(
            "`rows` must hold dicts with 'step' and a measure. Received "
            f"{len(rows)} rows without any"
        )
    # The loss first, the rest by name.
    return dict(sorted(measures.items(), key=lambda item: (item[0] != "loss", item[0])))
