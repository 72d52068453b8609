"""Operations on tensors that Keras lacks, the same on every backend."""

from kerassl.ops.random import uniform

__all__ = ["uniform"]
