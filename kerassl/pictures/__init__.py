"""Figures made without a display, by the kind of what they show."""

from kerassl.pictures.curves import loss_curve
from kerassl.pictures.fonts import BOX, fonts_for
from kerassl.pictures.images import image_grid, image_rows
from kerassl.pictures.texts import TOKEN_STYLES, token_figure

__all__ = [
    "BOX",
    "TOKEN_STYLES",
    "fonts_for",
    "image_grid",
    "image_rows",
    "loss_curve",
    "token_figure",
]
