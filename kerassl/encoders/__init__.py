"""Encoders: raw features of x, as functional Keras models."""

from kerassl.encoders.blocks import EncoderBlocks, open_encoder
from kerassl.encoders.conv import conv
from kerassl.encoders.dcgan import dcgan_discriminator, dcgan_generator
from kerassl.encoders.dense import dense
from kerassl.encoders.huggingface import from_preset
from kerassl.encoders.mirror import mirror
from kerassl.encoders.plain_cnn import plain_cnn
from kerassl.encoders.pooling import feature_model, pool
from kerassl.encoders.recurrent import recurrent
from kerassl.encoders.resnet import resnet
from kerassl.encoders.t5 import t5, t5_encoder
from kerassl.encoders.word_vectors import word_vectors

__all__ = [
    "EncoderBlocks",
    "conv",
    "dcgan_discriminator",
    "dcgan_generator",
    "dense",
    "feature_model",
    "from_preset",
    "mirror",
    "open_encoder",
    "plain_cnn",
    "pool",
    "recurrent",
    "resnet",
    "t5",
    "t5_encoder",
    "word_vectors",
]
