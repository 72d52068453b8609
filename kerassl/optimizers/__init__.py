"""Optimizers and schedules that Keras lacks."""

from kerassl.optimizers.lars import LARS

__all__ = ["LARS"]
