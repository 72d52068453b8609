"""Encoders: raw features of x, as functional Keras models."""

from kerassl.encoders.applications import from_application
from kerassl.encoders.bart import bart_encoder
from kerassl.encoders.blocks import EncoderBlocks, open_encoder
from kerassl.encoders.conv import conv
from kerassl.encoders.dcgan import dcgan_discriminator, dcgan_generator
from kerassl.encoders.dense import dense
from kerassl.encoders.feature_maps import feature_map_model
from kerassl.encoders.gated_pixel_cnn import gated_pixel_cnn
from kerassl.encoders.huggingface import from_preset
from kerassl.encoders.kernels import draw_kernels
from kerassl.encoders.layer_grids import layer_grids
from kerassl.encoders.mirror import mirror
from kerassl.encoders.multiscale_cnn import multiscale_cnn
from kerassl.encoders.patch_grid import patch_grid
from kerassl.encoders.plain_cnn import plain_cnn
from kerassl.encoders.pooling import feature_model, pool
from kerassl.encoders.recurrent import recurrent
from kerassl.encoders.recurrent_text import recurrent_text
from kerassl.encoders.resnet import resnet
from kerassl.encoders.side_by_side import side_by_side
from kerassl.encoders.spelled_words import spelled_words
from kerassl.encoders.t5 import t5, t5_encoder
from kerassl.encoders.transformers import bert, gpt2
from kerassl.encoders.vit import vit, vit_small, vit_tiny
from kerassl.encoders.word_vectors import weighted_words, word_vectors

__all__ = [
    "EncoderBlocks",
    "bart_encoder",
    "bert",
    "conv",
    "dcgan_discriminator",
    "dcgan_generator",
    "dense",
    "draw_kernels",
    "feature_map_model",
    "feature_model",
    "from_application",
    "from_preset",
    "gated_pixel_cnn",
    "gpt2",
    "layer_grids",
    "mirror",
    "multiscale_cnn",
    "open_encoder",
    "patch_grid",
    "plain_cnn",
    "pool",
    "recurrent",
    "recurrent_text",
    "resnet",
    "side_by_side",
    "spelled_words",
    "t5",
    "t5_encoder",
    "vit",
    "vit_small",
    "vit_tiny",
    "weighted_words",
    "word_vectors",
]
