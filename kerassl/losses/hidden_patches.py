"""What is asked for of hidden patches of images."""

from keras import ops

from kerassl.distribute import check_finite


def normalized_patches(patches, epsilon: float = 1e-6):
    """Returns patches with mean 0 and variance 1 each, the targets of MAE.

    The variance is the mean square over all numbers of a patch; the authors' code
    divides by one less. Where it is far above `epsilon`, guessing 0 has a mean
    squared error of 1. A plain patch becomes zeros.

    Args:
        patches: Float tensor (..., dim), in each row the numbers of one patch.
        epsilon: Added to the variance.

    Returns:
        Float tensor of the same shape.

    Example:
        >>> normalized_patches(ops.array([[0.0, 2.0], [3.0, 3.0]])).numpy().tolist()
        [[-0.9999995231628418, 0.9999995231628418], [0.0, 0.0]]

    Reference:
        He et al., 2021, section 4, https://arxiv.org/abs/2111.06377
    """
    check_finite(patches=patches)
    mean = ops.mean(patches, axis=-1, keepdims=True)
    variance = ops.mean(ops.square(patches - mean), axis=-1, keepdims=True)
    return (patches - mean) / ops.sqrt(variance + epsilon)
