"""How far the mean activity of units is from a small one."""

from keras import ops

from kerassl.checks import check_number
from kerassl.distribute import check_finite

# A unit that is never or always active has no finite divergence.
EPSILON = 1e-6


def sparsity_divergence(mean_activity, target: float = 0.05):
    """Returns the divergence of units' mean activity from a target.

    Each unit is taken as a coin that falls on 1 with its mean activity over the
    examples; the loss is the Kullback-Leibler divergence of a coin with the target
    from it, summed over units.

    Args:
        mean_activity: Float tensor (units,), in [0, 1]: the mean over the examples of
            features that are in [0, 1] themselves.
        target: The mean activity that is wanted, in (0, 1).

    Returns:
        Float scalar in nats, 0 where all are at the target.

    Raises:
        ValueError: If `target` is out of its range.

    Example:
        >>> round(float(sparsity_divergence(ops.array([0.05, 0.5]), 0.05)), 4)
        0.4946

    References:
        Ng, 2011, CS294A lecture notes, Sparse autoencoder
        Lee et al., 2007, the sparse deep belief net,
        https://papers.nips.cc/paper/3313-sparse-deep-belief-net-model-for-visual-area-v2
    """
    check_number("target", target, above=0, below=1)
    check_finite(mean_activity=mean_activity)
    mean = ops.clip(ops.cast(mean_activity, "float32"), EPSILON, 1 - EPSILON)
    active = target * (ops.log(target) - ops.log(mean))
    still = (1 - target) * (ops.log(1 - target) - ops.log1p(-mean))
    return ops.sum(active + still)
