"""Encoders: raw features of x, as functional Keras models."""

from kerassl.encoders.pooling import feature_model, pool

__all__ = ["feature_model", "pool"]
