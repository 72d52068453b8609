"""Distillation: a student predicts what its own moving average gives."""

from kerassl.models.distillation.byol import BYOL
from kerassl.models.distillation.dino import DINO

__all__ = ["BYOL", "DINO"]
