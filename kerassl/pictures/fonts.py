"""Fonts that have the characters of any script."""

import functools
import os
import re
import unicodedata
from collections.abc import Iterable

# A font that has a placeholder for every character there is.
PLACEHOLDERS = "Last Resort"
NOTE = (
    "No installed font has all of these characters: names between colons stand for "
    "them. Noto has fonts for every script."
)


class Drawn:
    """How strings are drawn where some of their characters have no font.

    Args:
        missing: Code points without a font.

    Attributes:
        note: What a reader of the picture is told of it, "" where nothing is missing.
    """

    def __init__(self, missing):
        self._names = {code: f":{_name(chr(code))}:" for code in missing}
        self.note = NOTE if missing else ""

    def __call__(self, text: str) -> str:
        """Returns the string to draw."""
        return text.translate(self._names).replace("::", ":")

    def explain(self, figure) -> None:
        """Writes the note below a figure, where something is missing."""
        if self.note:
            style = {"va": "top", "ha": "left", "fontsize": 7, "color": "0.35"}
            figure.text(0.01, -0.01, self.note, **style, in_layout=True)


def fonts_for(texts: Iterable[str], family: str = "sans-serif"):
    """Returns fonts that have the characters of texts, and how to draw these.

    Matplotlib's own font has no Chinese, among others. Where a character is
    missing, the other installed fonts are asked for it, such as were installed after
    matplotlib last looked too. Of what none of them has the name is drawn, as Unicode
    gives it, so that no two labels look alike.

    Args:
        texts: The strings that will be drawn.
        family: The font to begin with, any name that matplotlib takes.

    Returns:
        families: List of font names for matplotlib's `family`.
        drawn: `Drawn`, a function from a string to the one to draw in its place.

    Example:
        >>> families, drawn = fonts_for(["plain"])
        >>> families, drawn("plain"), drawn.note
        (['sans-serif'], 'plain', '')
    """
    from matplotlib import font_manager

    signs = {sign for text in texts for sign in text if not sign.isspace()}
    missing = {ord(sign) for sign in signs}
    families = [family]
    first = font_manager.findfont(font_manager.FontProperties(family=[family]))
    missing -= _characters(first)
    asked: set[str] = set()
    for look in (lambda: None, _add_new_fonts):
        if missing:
            look()
            missing = _covered(missing, families, asked)
    return families, Drawn(missing)


def _covered(missing, families, asked):
    """Adds the fonts that have missing characters, and returns what stays missing."""
    from matplotlib import font_manager

    others = {
        font.name: font.fname
        for font in font_manager.fontManager.ttflist
        if not font.name.startswith(PLACEHOLDERS) and font.fname not in asked
    }
    asked.update(others.values())
    while missing and others:
        name = max(sorted(others), key=lambda n: len(missing & _characters(others[n])))
        found = missing & _characters(others.pop(name))
        if not found:
            break
        families.append(name)
        missing = missing - found
    return missing


@functools.cache
def _add_new_fonts():
    """Makes known what was installed after matplotlib made its list of fonts."""
    from matplotlib import font_manager

    known = {os.path.realpath(f.fname) for f in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if os.path.realpath(path) not in known:
            try:
                font_manager.fontManager.addfont(path)
            except RuntimeError:  # a kind of font that matplotlib does not draw
                continue


@functools.cache
def _characters(path):
    """Returns the code points that a font file has glyphs for."""
    from matplotlib import font_manager

    return frozenset(font_manager.get_font(path).get_charmap())


def _name(sign):
    """Returns a short name of a character, of letters that every font has."""
    name = unicodedata.name(sign, f"u{ord(sign):x}").lower()
    # "CJK unified ideograph-732b" and the like: the number alone.
    _, dash, number = name.rpartition("-")
    if dash and all(digit in "0123456789abcdef" for digit in number):
        return number
    # "devanagari letter ka", "devanagari vowel sign aa": words hold many of these.
    return re.split(" (?:letter|sign) ", name)[-1]
