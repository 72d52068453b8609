"""Pretext layers for images."""

from kerassl.augment.image import View
from kerassl.pretext.image.images_and_noise import ImagesAndNoise
from kerassl.pretext.image.masked_patches import MaskedPatches
from kerassl.pretext.image.multi_crop import MultiCrop
from kerassl.pretext.image.random_view import RandomView
from kerassl.pretext.image.two_views import TwoViews
from kerassl.pretext.image.views import Views

__all__ = [
    "ImagesAndNoise",
    "MaskedPatches",
    "MultiCrop",
    "RandomView",
    "TwoViews",
    "View",
    "Views",
]
