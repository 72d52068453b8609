"""Redundancy reduction: views agree, and dimensions differ, without negatives."""

from kerassl.models.redundancy.vicreg import VICReg

__all__ = ["VICReg"]
