"""Pretext layers for images."""

from kerassl.augment.image import View
from kerassl.pretext.image.colorize import Colorize
from kerassl.pretext.image.images_and_noise import ImagesAndNoise
from kerassl.pretext.image.jigsaw import Jigsaw
from kerassl.pretext.image.lab_view import LabView
from kerassl.pretext.image.masked_crops import MaskedCrops
from kerassl.pretext.image.masked_patches import MaskedPatches
from kerassl.pretext.image.multi_block import MultiBlock
from kerassl.pretext.image.multi_crop import MultiCrop
from kerassl.pretext.image.next_pixel import NextPixel
from kerassl.pretext.image.random_view import RandomView
from kerassl.pretext.image.relative_position import RelativePosition
from kerassl.pretext.image.rotation import Rotation
from kerassl.pretext.image.two_views import TwoViews
from kerassl.pretext.image.views import Views

__all__ = [
    "Colorize",
    "ImagesAndNoise",
    "Jigsaw",
    "LabView",
    "MaskedPatches",
    "MaskedCrops",
    "MultiBlock",
    "MultiCrop",
    "NextPixel",
    "RandomView",
    "RelativePosition",
    "Rotation",
    "TwoViews",
    "View",
    "Views",
]
