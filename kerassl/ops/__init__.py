"""Operations on tensors and arrays that Keras lacks, the same on every backend."""

from kerassl.ops.patches import images_of, patches_of, take_rows
from kerassl.ops.random import uniform
from kerassl.ops.sampling import categorical
from kerassl.ops.sinkhorn import sinkhorn

__all__ = [
    "categorical",
    "images_of",
    "patches_of",
    "sinkhorn",
    "take_rows",
    "uniform",
]
