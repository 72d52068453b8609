"""Distillation: a student predicts what a teacher gives, often its own average."""

from kerassl.models.distillation.byol import BYOL
from kerassl.models.distillation.dino import DINO
from kerassl.models.distillation.distillation import Distillation
from kerassl.models.distillation.ibot import IBOT
from kerassl.models.distillation.ijepa import IJEPA
from kerassl.models.distillation.simsiam import SimSiam

__all__ = ["BYOL", "DINO", "IBOT", "IJEPA", "Distillation", "SimSiam"]
