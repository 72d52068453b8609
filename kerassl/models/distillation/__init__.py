"""Distillation: a student predicts what its own moving average gives."""

from kerassl.models.distillation.byol import BYOL

__all__ = ["BYOL"]
