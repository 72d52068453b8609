"""Pretext layers for images."""

from kerassl.pretext.image.two_views import TwoViews

__all__ = ["TwoViews"]
