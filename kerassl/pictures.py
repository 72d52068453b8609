"""Figures made without a display: grids of images, marked texts."""

import functools
import unicodedata
import warnings
from collections.abc import Iterable, Sequence

import numpy as np

from kerassl.errors import InvalidValue

# Stands for a character that no installed font has.
BOX = "□"
# It has a placeholder for every character there is.
PLACEHOLDERS = "Last Resort"


def image_grid(
    columns: Sequence, titles: Sequence[str] | None = None, cell: float = 1.1
):
    """Returns a figure with one row an example and one column a kind of image.

    The figure belongs to no window and needs no display; save it with
    `figure.savefig(path)`.

    Args:
        columns: Arrays of shape (rows, height, width, channels) with 1 or 3
            channels, uint8 in [0, 255] or float in [0, 1] (clipped). Heights
            and widths may differ between columns.
        titles: A title for each column, or None.
        cell: Side of a cell in inches.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: If there is no column, the numbers of rows or titles
            differ, or an array is no batch of images.

    Example:
        >>> import numpy as np
        >>> images = np.zeros((3, 8, 8, 1))
        >>> figure = image_grid([images, 1 - images], titles=["before", "after"])
        >>> len(figure.axes)
        6
    """
    from matplotlib.figure import Figure

    arrays = [_displayable(column) for column in columns]
    if not arrays or len({len(array) for array in arrays}) != 1:
        raise InvalidValue(
            "`columns` must hold one or more arrays with equally many rows. "
            f"Received rows: {[len(array) for array in arrays]}"
        )
    if titles is not None and len(titles) != len(arrays):
        raise InvalidValue(
            "`titles` must name each column. "
            f"Received: {len(titles)} titles for {len(arrays)} columns"
        )
    rows = len(arrays[0])
    figure = Figure(figsize=(cell * len(arrays), cell * rows + 0.3))
    axes = figure.subplots(rows, len(arrays), squeeze=False)
    for j, array in enumerate(arrays):
        for i, image in enumerate(array):
            axes[i, j].imshow(image, cmap="gray", vmin=0, vmax=1)
            axes[i, j].set_axis_off()
        if titles is not None:
            axes[0, j].set_title(titles[j], fontsize=8)
    figure.subplots_adjust(0.01, 0.01, 0.99, 1 - 0.3 / (cell * rows + 0.3), 0.04, 0.04)
    return figure


def image_rows(rows: Sequence, titles: Sequence[str], cell: float = 0.9):
    """Returns a figure with one row a kind of image and one column an example.

    Made to compare: originals above, what became of them below.

    Args:
        rows: Arrays of shape (examples, height, width, channels) as in
            `image_grid`, or (examples, dim), drawn as lines of pixels.
        titles: A title for each row.
        cell: Side of a cell in inches.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: If there is no row, the numbers of examples or titles
            differ, or an array is no batch of images.

    Example:
        >>> import numpy as np
        >>> images = np.zeros((5, 8, 8, 1))
        >>> figure = image_rows([images, 1 - images], titles=["before", "after"])
        >>> len(figure.axes)
        2
    """
    from matplotlib.figure import Figure

    rows = [np.asarray(row) for row in rows]
    rows = [row[:, None, :, None] if row.ndim == 2 else row for row in rows]
    arrays = [_displayable(row) for row in rows]
    if not arrays or len({len(array) for array in arrays}) != 1:
        raise InvalidValue(
            "`rows` must hold one or more arrays with equally many examples. "
            f"Received examples: {[len(array) for array in arrays]}"
        )
    if len(titles) != len(arrays):
        raise InvalidValue(
            "`titles` must name each row. "
            f"Received: {len(titles)} titles for {len(arrays)} rows"
        )
    figure = Figure(figsize=(cell * len(arrays[0]), (cell + 0.2) * len(arrays)))
    for ax, array, title in zip(
        figure.subplots(len(arrays), 1, squeeze=False)[:, 0],
        arrays,
        titles,
        strict=True,
    ):
        # One picture a row: a column of white pixels parts the examples.
        edge = np.ones_like(array[:, :, :1])
        strip = np.concatenate([*np.concatenate([array, edge], axis=2)], axis=1)
        ax.imshow(strip, cmap="gray", vmin=0, vmax=1, aspect="equal")
        ax.set_title(title, fontsize=8, loc="left")
        ax.set_axis_off()
    figure.tight_layout(pad=0.3)
    return figure


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


def fonts_for(texts: Iterable[str], family: str = "sans-serif"):
    """Returns fonts that have the characters of texts, and how to draw these.

    Matplotlib's own font has no Chinese, among others. Where a character is
    missing, the other installed fonts are asked for it. What none of them has
    is drawn as a box, and told once in a warning.

    Args:
        texts: The strings that will be drawn.
        family: The font to begin with, any name that matplotlib takes.

    Returns:
        families: List of font names for matplotlib's `family`.
        drawn: Function from a string to the one to draw in its place.

    Example:
        >>> families, drawn = fonts_for(["plain"])
        >>> families, drawn("plain")
        (['sans-serif'], 'plain')
    """
    from matplotlib import font_manager

    signs = {sign for text in texts for sign in text if not sign.isspace()}
    missing = {ord(sign) for sign in signs}
    families = [family]
    first = font_manager.findfont(font_manager.FontProperties(family=[family]))
    missing -= _characters(first)
    others = {
        font.name: font.fname
        for font in font_manager.fontManager.ttflist
        if not font.name.startswith(PLACEHOLDERS)
    }
    while missing and others:
        name = max(sorted(others), key=lambda n: len(missing & _characters(others[n])))
        found = missing & _characters(others.pop(name))
        if not found:
            break
        families.append(name)
        missing -= found
    _tell_missing("".join(map(chr, sorted(missing))))
    return families, lambda text: text.translate(dict.fromkeys(missing, BOX))


@functools.cache
def _characters(path):
    """Returns the code points that a font file has glyphs for."""
    from matplotlib import font_manager

    return frozenset(font_manager.get_font(path).get_charmap())


@functools.cache
def _tell_missing(characters):
    if characters:
        warnings.warn(
            f"No installed font has the characters {characters[:40]!r}"
            + (f" and {len(characters) - 40} more" if len(characters) > 40 else "")
            + f": pictures show {BOX} for them. Install one that does, such as Noto "
            "Sans CJK for Chinese, Japanese and Korean.",
            stacklevel=4,
        )


def _displayable(images):
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise InvalidValue(
            "`columns` must hold arrays (rows, height, width, channels) with 1 or 3 "
            f"channels. Received shape: {images.shape}"
        )
    if images.dtype == np.uint8:
        images = images / 255.0
    images = np.clip(images.astype("float32"), 0.0, 1.0)
    return images[..., 0] if images.shape[-1] == 1 else images
