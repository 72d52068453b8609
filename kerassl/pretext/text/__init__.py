"""Pretext tasks on text."""

from kerassl.pretext.text.masked_tokens import MaskedTokens

__all__ = ["MaskedTokens"]
