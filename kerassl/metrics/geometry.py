"""How features fill their space: spread, rank, alignment, uniformity."""

from keras import ops

from kerassl.checks import check_number
from kerassl.distribute import check_finite
from kerassl.errors import InvalidValue


def embedding_std(features):
    """Returns the mean standard deviation of the normalised features.

    Each row is scaled to length 1; the standard deviation over the rows is
    taken for each dimension and averaged. Features spread evenly over the
    sphere have 1 / sqrt(dim); features that collapsed to one point have 0.

    Args:
        features: Float tensor (batch, dim).

    Returns:
        Float32 scalar between 0 and about 1 / sqrt(dim).

    Raises:
        ValueError: If `features` is not a matrix.

    Example:
        >>> float(embedding_std(ops.ones((8, 4))))
        0.0

    Reference:
        Chen & He, 2021, section 4.1, https://arxiv.org/abs/2011.10566
    """
    return ops.mean(ops.std(_unit_rows(_matrix(features, "features")), axis=0))


def effective_rank(features, epsilon=1e-7):
    """Returns RankMe, the number of dimensions that the features really use.

    The exponential of the entropy of the singular values, each divided by
    their sum. Features are not centred, as in the paper.

    Args:
        features: Float tensor (batch, dim). The rank cannot exceed `batch`:
            give several times `dim` rows where you can.
        epsilon: Added to each share, against log(0).

    Returns:
        Float32 scalar between 1 (all features on one line) and
        min(batch, dim).

    Raises:
        ValueError: If `features` is not a matrix.

    Example:
        >>> round(float(effective_rank(ops.eye(4))), 3)
        4.0

    Reference:
        Garrido et al., 2023, eq. 1, https://arxiv.org/abs/2210.02885
    """
    check_number("epsilon", epsilon, least=0)
    values = ops.svd(_matrix(features, "features"), compute_uv=False)
    total = ops.maximum(ops.sum(values), 1e-30)  # features of zeros have rank 1
    shares = values / total + epsilon
    return ops.exp(-ops.sum(shares * ops.log(shares)))


def alignment(anchors, positives, power=2.0):
    """Returns the mean distance between the two members of positive pairs.

    Args:
        anchors: Float tensor (batch, dim). Rows are scaled to length 1.
        positives: Float tensor (batch, dim); row i is the partner of row i.
        power: Exponent of the distance, above 0.

    Returns:
        Float32 scalar, 0 where pairs agree, at most 2 ** power.

    Raises:
        ValueError: If the shapes differ or are not matrices.

    Example:
        >>> float(alignment(ops.eye(3), ops.eye(3)))
        0.0

    Reference:
        Wang & Isola, 2020, section 4.1, https://arxiv.org/abs/2005.10242
    """
    check_number("power", power, above=0)
    anchors, positives = _matrix(anchors, "anchors"), _matrix(positives, "positives")
    if tuple(anchors.shape) != tuple(positives.shape):
        raise InvalidValue(
            "`anchors` and `positives` must have the same shape. Received: "
            f"{tuple(anchors.shape)} and {tuple(positives.shape)}"
        )
    difference = _unit_rows(anchors) - _unit_rows(positives)
    squared = ops.sum(ops.square(difference), axis=-1)
    return ops.mean(ops.power(squared, power / 2))


def uniformity(features, temperature=2.0):
    """Returns the log of the mean Gaussian potential between all pairs.

    Args:
        features: Float tensor (batch, dim), two rows or more. Rows are scaled
            to length 1.
        temperature: The paper's t, above 0, a factor on squared distances.

    Returns:
        Float32 scalar in nats: 0 for collapsed features, more negative the
        more evenly they cover the sphere (-2 * temperature in the limit of
        many dimensions).

    Raises:
        ValueError: If `features` is not a matrix of two rows or more.

    Example:
        >>> round(float(uniformity(ops.array([[1.0, 0.0], [-1.0, 0.0]]))), 3)
        -8.0

    Reference:
        Wang & Isola, 2020, section 4.1, https://arxiv.org/abs/2005.10242
    """
    check_number("temperature", temperature, above=0)
    z = _unit_rows(_matrix(features, "features"))
    rows = z.shape[0]
    if rows is not None and rows < 2:
        raise InvalidValue(f"`features` must have two rows or more. Received: {rows}")
    squared = ops.maximum(2.0 - 2.0 * ops.matmul(z, ops.transpose(z)), 0.0)
    potential = ops.exp(-temperature * squared)  # (batch, batch)
    count = ops.cast(ops.shape(z)[0], "float32")
    # Each row's potential with itself is 1 and no pair.
    total = ops.sum(potential) - ops.sum(ops.diagonal(potential))
    return ops.log(ops.maximum(total / (count * (count - 1.0)), 1e-30))


def _matrix(features, name):
    check_finite(**{name: features})
    features = ops.cast(ops.convert_to_tensor(features), "float32")
    if len(features.shape) != 2:
        raise InvalidValue(
            f"`{name}` must have shape (batch, dim). Received shape: "
            f"{tuple(features.shape)}"
        )
    return features


def _unit_rows(features):
    length = ops.sqrt(ops.sum(ops.square(features), axis=-1, keepdims=True))
    return features / ops.maximum(length, 1e-12)
