"""Redundancy reduction: views agree, and dimensions differ, without negatives."""

from kerassl.models.redundancy.barlow_twins import BarlowTwins
from kerassl.models.redundancy.vicreg import VICReg

__all__ = ["BarlowTwins", "VICReg"]
