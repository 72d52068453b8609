"""Texts with marked tokens."""

import unicodedata
from collections.abc import Sequence

from kerassl.errors import InvalidValue
from kerassl.pictures.fonts import fonts_for

# Kinds of tokens: what the legend says, the box, and the letters.
TOKEN_STYLES = {
    "masked": ("hidden behind the mask", "#c0392b", "white"),
    "random": ("replaced by a random token", "#d9a514", "black"),
    "kept": ("kept, but asked for", "#27ae60", "white"),
    "next": ("a token, and below it the next, asked for", "#2c6e9b", "white"),
    "span": ("hidden span", "#8e44ad", "white"),
    "changed": ("changed or moved", "#d9a514", "black"),
    "missing": ("missing above", "#2471a3", "white"),
    "centre": ("a word", "#c0392b", "white"),
    "around": ("a word around it, asked for", "#27ae60", "white"),
}


def token_figure(rows: Sequence, width: int = 100, max_lines: int = 6):
    """Returns a figure of texts with marked tokens and their targets below.

    A legend names the kinds of marks that occur.

    Args:
        rows: For each text, a sequence of (token, kind, target). The kind is
            a key of `TOKEN_STYLES`, or `"plain"`, which has no target.
        width: Characters in a line.
        max_lines: Lines to show of a text; the rest is cut.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: If there is no text, or a kind is unknown.

    Example:
        >>> figure = token_figure([[("the", "plain", ""), ("[MASK]", "masked", "cat")]])
        >>> len(figure.texts)
        4
    """
    from matplotlib.figure import Figure

    kinds = {kind for row in rows for _, kind, _ in row} - {"plain", *TOKEN_STYLES}
    if not rows or kinds:
        raise InvalidValue(
            "`rows` must hold one or more texts with tokens of the kinds 'plain', "
            f"{', '.join(map(repr, TOKEN_STYLES))}. Received {len(rows)} texts and the "
            f"unknown kinds {sorted(kinds)}"
        )
    texts = [_lines(row, width)[:max_lines] for row in rows]
    families, drawn = fonts_for(
        (part for row in rows for token, _, target in row for part in (token, target)),
        "monospace",
    )
    # Two rows of letters a line, one between texts, two for the legend.
    height = sum(2 * len(lines) + 1 for lines in texts) + 2
    figure = Figure(figsize=(0.073 * width + 0.4, 0.19 * height))
    style = {"family": families, "fontsize": 8, "va": "center"}
    # Many fonts of other scripts have no bold, which matplotlib then tells.
    weight = "bold" if len(families) == 1 else "normal"

    def write(column, line, text, **extra):
        x = (column + 1) / (width + 2)
        y = 1 - (line + 0.5) / height
        # A dollar sign would start a formula.
        figure.text(x, y, drawn(text).replace("$", r"\$"), **style, **extra)

    column = 0
    found = {kind for row in rows for _, kind, _ in row}
    for label, box, letters in (TOKEN_STYLES[k] for k in TOKEN_STYLES if k in found):
        write(column, 0, label, color=letters, backgroundcolor=box)
        column += len(label) + 4
    line = 2
    for lines in texts:
        for tokens in lines:
            for column, token, kind, target in tokens:
                if kind == "plain":
                    write(column, line, token)
                    continue
                _, box, letters = TOKEN_STYLES[kind]
                write(column, line, token, color=letters, backgroundcolor=box)
                write(column, line + 1, target, color=box, weight=weight)
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
