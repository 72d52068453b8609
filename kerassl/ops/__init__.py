"""Operations on tensors and arrays that Keras lacks, the same on every backend."""

from kerassl.ops.random import uniform

__all__ = ["uniform"]
