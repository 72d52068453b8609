"""Contrastive learning: positives close, negatives apart."""

from kerassl.models.contrastive.amdim import AMDIM
from kerassl.models.contrastive.cmc import CMC
from kerassl.models.contrastive.decoupled import DecoupledContrastive
from kerassl.models.contrastive.moco import MoCo
from kerassl.models.contrastive.moco_v3 import MoCoV3
from kerassl.models.contrastive.nnclr import NNCLR
from kerassl.models.contrastive.patch_cpc import PatchCPC
from kerassl.models.contrastive.simclr import SimCLR
from kerassl.models.contrastive.simcse import SimCSE
from kerassl.models.contrastive.supcon import SupCon
from kerassl.models.contrastive.triplet import Triplet

__all__ = [
    "AMDIM",
    "CMC",
    "DecoupledContrastive",
    "MoCo",
    "MoCoV3",
    "NNCLR",
    "PatchCPC",
    "SimCLR",
    "SimCSE",
    "SupCon",
    "Triplet",
]
