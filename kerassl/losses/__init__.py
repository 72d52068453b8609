"""Losses: pure functions, one family a file."""

from kerassl.losses.contrastive import nt_xent, nt_xent_logits, nt_xent_per_example

__all__ = ["nt_xent", "nt_xent_logits", "nt_xent_per_example"]
