"""Reconstructive learning: a decoder restores the example from its features."""

from kerassl.models.reconstructive.autoencoder import Autoencoder
from kerassl.models.reconstructive.colorization import Colorization
from kerassl.models.reconstructive.denoising_seq2seq import DenoisingSeq2Seq
from kerassl.models.reconstructive.sparse_autoencoder import SparseAutoencoder
from kerassl.models.reconstructive.vae import VAE
from kerassl.models.reconstructive.vq_vae import VQVAE

__all__ = [
    "Autoencoder",
    "Colorization",
    "DenoisingSeq2Seq",
    "SparseAutoencoder",
    "VAE",
    "VQVAE",
]
