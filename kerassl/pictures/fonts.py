"""Fonts that have the characters of any script."""

import functools
import warnings
from collections.abc import Iterable

# Stands for a character that no installed font has.
BOX = "□"
# It has a placeholder for every character there is.
PLACEHOLDERS = "Last Resort"


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
