"""Operations on tensors and arrays that Keras lacks, the same on every backend."""

from kerassl.ops.random import uniform
from kerassl.ops.sampling import categorical

__all__ = ["categorical", "uniform"]
