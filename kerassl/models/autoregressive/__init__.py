"""Autoregressive learning: what came so far tells what comes."""

from kerassl.models.autoregressive.apc import APC

__all__ = ["APC"]
