"""A comparison of runs as tables in Markdown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerassl.transfer.options import in_order

# Columns that stand in each part of a table that is wider than the screen.
_FIXED = 3


def markdown(comparison: Any, width: int | None = None) -> str:
    """Returns the verdict, the tables and the notes of a `RunComparison`.

    Args:
        comparison: The `RunComparison`.
        width: As in `RunComparison.to_markdown`.
    """
    parts = [comparison.verdict.sentence] if comparison.verdict else []
    parts.append(comparison.caption)
    for measure in in_order(row["measure"] for row in comparison.rows):
        rows, differences = (
            [row for row in rows if row["measure"] == measure]
            for rows in (comparison.rows, comparison.differences)
        )
        parts += _tables(["method", "encoder", "seeds"], rows, _reached, width)
        if differences:
            parts.append(_about(differences))
            names = ["method", "difference", "pairs"]
            parts += _tables(names, differences, _better, width)
    return "\n\n".join([*parts, *comparison.notes])


def _reached(row) -> tuple[list[str], str]:
    digits = row["digits"]
    value = f"{row['mean']:.{digits}f} ± {row['std']:.{digits}f}"
    return [row["title"], row["encoder"], str(len(row["seeds"]))], value


def _better(row) -> tuple[list[str], str]:
    digits, half_width = row["digits"], row["half_width"]
    interval = "" if half_width is None else f" ± {half_width:.{digits}f}"
    pairs = f"{row['pairs']} {row['over']}" if row["paired"] else "not paired"
    value = f"{row['mean']:+.{digits}f}{interval}"
    return [row["title"], f"{row['encoder']} − {row['against']}", pairs], value


def _about(differences):
    unit = differences[0]["unit"]
    return (
        f"Differences in {unit}, above 0 where the first is better, each with a 95 % "
        "interval of its own (Student's t):"
    )


def _tables(
    names: list[str], rows: list[dict], cells: Callable, width: int | None
) -> list[str]:
    """Returns tables with a column for each number of labels.

    Args:
        names: Of the first columns.
        rows: Those of one measure.
        cells: Function from a row to its first cells and its value.
        width: Characters of a line, or None.
    """
    budgets = in_order(row["budget"] for row in rows)
    found: dict[tuple, dict] = {}
    for row in sorted(rows, key=lambda row: _place(row, rows)):
        first, value = cells(row)
        found.setdefault(tuple(first), {})[row["budget"]] = value
    columns = [
        list(column)
        for column in zip(
            [*names, *budgets],
            *(
                [*first, *(values.get(b, "–") for b in budgets)]
                for first, values in found.items()
            ),
            strict=True,
        )
    ]
    return [_lines(part) for part in _fitting(columns, width)]


def _place(row, rows):
    """Returns where a row stands: by its method, in the order of their first."""
    return in_order(each["title"] for each in rows).index(row["title"])


def _fitting(columns, width):
    """Yields parts of a table that fit a width, each with the first columns."""
    fixed, rest = columns[:_FIXED], columns[_FIXED:]
    taken: list = []
    for column in rest:
        wide = sum(max(map(len, each)) + 3 for each in (*fixed, *taken, column)) + 1
        if taken and width is not None and wide > width:
            yield [*fixed, *taken]
            taken = []
        taken.append(column)
    yield [*fixed, *taken]


def _lines(columns):
    widths = [max(3, *map(len, column)) for column in columns]
    (head, *body) = zip(*columns, strict=True)
    rule = [
        "-" * size if place < 2 else "-" * (size - 1) + ":"
        for place, size in enumerate(widths)
    ]
    return "\n".join(
        "| "
        + " | ".join(
            cell.ljust(size) if place < 2 else cell.rjust(size)
            for place, (cell, size) in enumerate(zip(line, widths, strict=True))
        )
        + " |"
        for line in (head, rule, *body)
    )
