"""Pretext layers for images."""

from kerassl.pretext.image.images_and_noise import ImagesAndNoise
from kerassl.pretext.image.random_view import RandomView
from kerassl.pretext.image.two_views import TwoViews

__all__ = ["ImagesAndNoise", "RandomView", "TwoViews"]
