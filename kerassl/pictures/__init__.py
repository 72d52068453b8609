"""Figures made without a display, by the kind of what they show."""

from kerassl.pictures.curves import loss_curve
from kerassl.pictures.fonts import BOX, fonts_for
from kerassl.pictures.images import image_grid, image_rows
from kerassl.pictures.sounds import spectrograms
from kerassl.pictures.texts import Mark, token_figure

__all__ = [
    "BOX",
    "Mark",
    "fonts_for",
    "image_grid",
    "image_rows",
    "loss_curve",
    "spectrograms",
    "token_figure",
]
