"""Texts with marked tokens."""

import dataclasses
import unicodedata
from collections.abc import Mapping, Sequence

from kerassl.errors import InvalidValue
from kerassl.pictures.fonts import fonts_for
from kerassl.pictures.labels import plain

PLAIN = "plain"


@dataclasses.dataclass(frozen=True)
class Mark:
    """How a kind of token is drawn.

    Args:
        label: What the legend says of it.
        box: The colour behind it, and of its target, as matplotlib takes one.
        letters: The colour of its own letters.
    """

    label: str
    box: str
    letters: str = "white"


def token_figure(
    rows: Sequence,
    marks: Mapping[str, Mark] | None = None,
    width: int = 100,
    max_lines: int = 6,
):
    """Returns a figure of texts with marked tokens and their targets below.

    A legend names the kinds of marks that occur.

    Args:
        rows: For each text, a sequence of (token, kind, target). The kind is
            a key of `marks`, or `"plain"`, which has no target.
        marks: A `Mark` by the name of each kind, in the order of the legend.
        width: Characters in a line.
        max_lines: Lines to show of a text; the rest is cut.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: If there is no text, or a kind is unknown.

    Example:
        >>> marks = {"masked": Mark("hidden behind the mask", "#c0392b")}
        >>> rows = [[("the", "plain", ""), ("[MASK]", "masked", "cat")]]
        >>> figure = token_figure(rows, marks)
        >>> len(figure.texts)
        4
    """
    from matplotlib.figure import Figure

    marks = marks or {}
    found = {kind for row in rows for _, kind, _ in row}
    unknown = found - {PLAIN, *marks}
    if not rows or unknown:
        raise InvalidValue(
            "`rows` must hold one or more texts with tokens of the kinds "
            f"{', '.join(map(repr, (PLAIN, *marks)))}. Received {len(rows)} texts and "
            f"the unknown kinds {sorted(unknown)}"
        )
    families, drawn = fonts_for(
        (part for row in rows for token, _, target in row for part in (token, target)),
        "monospace",
    )
    # Names of characters without a font take more room than these.
    texts = [
        _lines([(drawn(t), kind, drawn(target)) for t, kind, target in row], width)
        for row in rows
    ]
    texts = [lines[:max_lines] for lines in texts]
    # Two rows of letters a line, one between texts, two for the legend.
    height = sum(2 * len(lines) + 1 for lines in texts) + 2
    figure = Figure(figsize=(0.073 * width + 0.4, 0.19 * height))
    style = {"family": families, "fontsize": 8, "va": "center"}
    # Many fonts of other scripts have no bold, which matplotlib then tells.
    weight = "bold" if len(families) == 1 else "normal"

    def write(column, line, text, **extra):
        x = (column + 1) / (width + 2)
        y = 1 - (line + 0.5) / height
        figure.text(x, y, plain(text), **style, **extra)

    drawn.explain(figure)
    column = 0
    for mark in (mark for kind, mark in marks.items() if kind in found):
        write(column, 0, mark.label, color=mark.letters, backgroundcolor=mark.box)
        column += len(mark.label) + 4
    line = 2
    for lines in texts:
        for tokens in lines:
            for column, token, kind, target in tokens:
                if kind == PLAIN:
                    write(column, line, token)
                    continue
                mark = marks[kind]
                write(column, line, token, color=mark.letters, backgroundcolor=mark.box)
                write(column, line + 1, target, color=mark.box, weight=weight)
            line += 2
        line += 1
    return figure


def _lines(row, width):
    """Breaks tokens into lines of (column, token, kind, target)."""
    lines, column = [[]], 0
    for token, kind, target in row:
        taken = max(_cells(token), _cells(target))
        if lines[-1] and column + taken > width:
            lines.append([])
            column = 0
        lines[-1].append((column, token, kind, target))
        column += taken + 1
    return lines


def _cells(text):
    """Returns how many letters' width a text takes; Chinese takes two a sign."""
    return sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in text)
