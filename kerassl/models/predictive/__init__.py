"""Predictive learning: the target is a part of the example."""

from kerassl.models.predictive.autoencoder import Autoencoder
from kerassl.models.predictive.causal_lm import CausalLM
from kerassl.models.predictive.denoising_seq2seq import DenoisingSeq2Seq
from kerassl.models.predictive.masked_lm import MaskedLM
from kerassl.models.predictive.word2vec import CBOW, SkipGram

__all__ = [
    "CBOW",
    "Autoencoder",
    "CausalLM",
    "DenoisingSeq2Seq",
    "MaskedLM",
    "SkipGram",
]
