"""The lines of the presets as one table in Markdown."""

import numpy as np

from benchmarks.worth.figures import KINDS

HEAD = ("preset", "on", "CPU s", "measure", *KINDS, "better than the best input by")


def markdown(groups):
    """Returns the table.

    Args:
        groups: List of (results of a preset's seeds on one corpus, their lines).
    """
    rows = [
        [
            results[0]["preset"],
            results[0]["corpus"].replace("-", "own data"),
            f"{np.mean([r['training_cpu_seconds'] for r in results]):.0f}",
            *cells(line),
        ]
        for results, lines in groups
        for line in lines
    ]
    head = [list(HEAD), ["---"] * len(HEAD)]
    return "\n".join(f"| {' | '.join(row)} |" for row in head + rows)


def cells(line):
    """Returns the cells of a line from its measure on.

    Example:
        >>> line = {"measure": "knn", "unit": "%", "input": [70.0], "random": [],
        ...         "pretrained": [72.0, 74.0], "supervised": [],
        ...         "against": "raw pixels", "better": (3.0, 1.0)}
        >>> cells(line)[1:4]
        ['70.0 (raw pixels)', '–', '73.0 ± 1.4']
        >>> cells(line)[-1]
        '3.0 ± 1.0'
    """
    digits = 1 if line["unit"] in ("%", "points") else 3
    found = [f"{line['measure']} ({line['unit']})"]
    for kind in KINDS:
        cell = _spread(line[kind], digits)
        if kind == "input" and line[kind]:
            cell += f" ({line['against']})"
        found.append(cell)
    return [*found, _better(line["better"], digits)]


def _spread(values, digits):
    if not values:
        return "–"
    spread = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):.{digits}f}{spread}"


def _better(better, digits):
    if better is None:
        return "–"
    mean, half_width = better
    interval = "" if half_width is None else f" ± {half_width:.{digits}f}"
    sure = half_width is not None and abs(mean) > half_width
    return f"{mean:.{digits}f}{interval}" + ("" if sure else ", not sure")
