"""Figures made without a display, by the kind of what they show."""

from kerassl.pictures.attention import patch_attention, token_attention
from kerassl.pictures.curves import loss_curve
from kerassl.pictures.fonts import BOX, fonts_for
from kerassl.pictures.images import image_grid, image_rows
from kerassl.pictures.saliency import image_saliency, token_saliency
from kerassl.pictures.sheets import image_sheet, sound_sheet
from kerassl.pictures.sounds import spectrograms
from kerassl.pictures.text_sheet import text_sheet
from kerassl.pictures.texts import Mark, token_figure

__all__ = [
    "BOX",
    "Mark",
    "fonts_for",
    "image_grid",
    "image_rows",
    "image_saliency",
    "image_sheet",
    "loss_curve",
    "patch_attention",
    "sound_sheet",
    "spectrograms",
    "text_sheet",
    "token_attention",
    "token_figure",
    "token_saliency",
]
