"""Pretext models: one class for each training step."""

from kerassl.models.base import PretextModel

__all__ = ["PretextModel"]
