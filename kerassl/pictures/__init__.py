"""Figures made without a display, by the kind of what they show."""

from kerassl.pictures.attention import patch_attention, token_attention
from kerassl.pictures.curves import loss_curve
from kerassl.pictures.fonts import fonts_for
from kerassl.pictures.images import image_grid, image_rows
from kerassl.pictures.saliency import image_saliency, token_saliency
from kerassl.pictures.saving import save, title_of
from kerassl.pictures.sheets import image_sheet, sound_sheet
from kerassl.pictures.sounds import spectrograms
from kerassl.pictures.text_sheet import text_sheet
from kerassl.pictures.texts import Mark, token_figure
from kerassl.pictures.thumbnails import image_thumbnails, sound_thumbnails

__all__ = [
    "Mark",
    "fonts_for",
    "image_grid",
    "image_rows",
    "image_saliency",
    "image_sheet",
    "image_thumbnails",
    "loss_curve",
    "save",
    "patch_attention",
    "sound_sheet",
    "sound_thumbnails",
    "spectrograms",
    "title_of",
    "text_sheet",
    "token_attention",
    "token_figure",
    "token_saliency",
]
