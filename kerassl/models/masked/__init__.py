"""Masked learning: what is hidden is told from what is left."""

from kerassl.models.masked.drop_pos import DropPos
from kerassl.models.masked.electra import ELECTRA
from kerassl.models.masked.mae import MAE
from kerassl.models.masked.masked_lm import MaskedLM
from kerassl.models.masked.mp3 import MP3
from kerassl.models.masked.simmim import SimMIM
from kerassl.models.masked.uni_lm import UniLM

__all__ = [
    "DropPos",
    "ELECTRA",
    "MAE",
    "MP3",
    "MaskedLM",
    "SimMIM",
    "UniLM",
]
