"""Trainable parts that Keras and KerasHub lack."""

from kerassl.layers.projection_head import ProjectionHead

__all__ = ["ProjectionHead"]
