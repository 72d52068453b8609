"""Contrastive losses: pull two views of one example together, push others away."""

import keras
from keras import ops

from kerassl.checks import check_number
from kerassl.distribute import check_finite
from kerassl.errors import InvalidValue

# Large enough that exp underflows to 0 in float32 at every temperature in use,
# and finite so that a gradient of 0 * inf never appears.
_EXCLUDED = -1e9


def check_temperature(temperature):
    """Raises unless `temperature` is a finite number above 0.

    A tensor, such as a temperature that is learnt, is left alone.
    """
    if not ops.is_tensor(temperature) and not isinstance(temperature, keras.Variable):
        check_number("temperature", temperature, above=0)


def check_negatives(logits):
    """Raises if the logits of `nt_xent_logits` are those of one example alone."""
    if logits.shape[1] == 2:
        raise InvalidValue(
            "`z1` must have 2 or more rows in the global batch: one example has no "
            "negatives. Received: 1"
        )


def in_float32(*tensors):
    """Returns tensors in float32, and None where there is none."""
    return [x if x is None else ops.cast(x, "float32") for x in tensors]


def nt_xent(z1, z2, temperature: float = 0.1):
    """Returns the NT-Xent loss of a batch of positive pairs (SimCLR).

    Row i of `z1` and row i of `z2` are two views of one example; all
    other rows of both, 2 * batch - 2 of them, are negatives. Similarity is
    the cosine, so the rows need not have unit length.

    Args:
        z1: Float tensor (batch, dim), first views' projections.
        z2: Float tensor (batch, dim), second views' projections.
        temperature: Softmax temperature, above 0, no unit.

    Returns:
        Float scalar in nats, mean over the 2 * batch anchors.

    Raises:
        ValueError: If the shapes differ or `temperature` <= 0.

    Example:
        >>> from keras import ops
        >>> round(float(nt_xent(ops.eye(4), ops.eye(4), temperature=0.5)), 4)
        0.5944

    Reference:
        Chen et al., 2020, eq. 1, https://arxiv.org/abs/2002.05709
    """
    return ops.mean(nt_xent_per_example(z1, z2, temperature=temperature))


def nt_xent_per_example(
    z1, z2, keys1=None, keys2=None, offset=0, temperature: float = 0.1
):
    """Returns each example's NT-Xent loss, with negatives from a larger batch.

    This is the form for training on several devices: the anchors are this
    device's rows, the keys all devices' rows. The sum of the results over all
    devices, divided by the global batch, is `nt_xent` of the global batch.

    Args:
        z1: Float tensor (batch, dim), first views' projections.
        z2: Float tensor (batch, dim), second views' projections.
        keys1: Float tensor (global_batch, dim), first views of all devices,
            or None for `z1`.
        keys2: Float tensor (global_batch, dim), second views of all devices,
            or None for `z2`.
        offset: Position of row 0 of `z1` in `keys1`, integer or scalar integer
            tensor.
        temperature: Softmax temperature, above 0, no unit.

    Returns:
        Float tensor (batch,) in nats, mean over the example's two anchors.

    Raises:
        ValueError: If the shapes do not fit or `temperature` <= 0.

    Example:
        >>> from keras import ops
        >>> z = ops.eye(4)
        >>> second_half = nt_xent_per_example(z[2:], z[2:], z, z, offset=2)
        >>> tuple(second_half.shape)
        (2,)

    Reference:
        Chen et al., 2020, https://arxiv.org/abs/2002.05709
    """
    logits, positives = nt_xent_logits(z1, z2, keys1, keys2, offset, temperature)
    losses = keras.losses.sparse_categorical_crossentropy(
        positives, logits, from_logits=True
    )
    return ops.mean(ops.reshape(losses, (2, -1)), axis=0)


def nt_xent_logits(z1, z2, keys1=None, keys2=None, offset=0, temperature: float = 0.1):
    """Returns the scaled similarities behind NT-Xent and where positives lie.

    Args:
        z1: Float tensor (batch, dim), first views' projections.
        z2: Float tensor (batch, dim), second views' projections.
        keys1: Float tensor (global_batch, dim) or None for `z1`.
        keys2: Float tensor (global_batch, dim) or None for `z2`.
        offset: Position of row 0 of `z1` in `keys1`, integer or scalar integer
            tensor.
        temperature: Softmax temperature, above 0, no unit.

    Returns:
        Tuple of `logits`, float tensor (2 * batch, 2 * global_batch) with rows
        for the anchors `z1`, then `z2`, columns for the keys in the same order
        and an anchor's similarity with itself excluded; and `positives`, int32
        tensor (2 * batch,), the column of each anchor's positive.

    Raises:
        ValueError: If the shapes do not fit or `temperature` <= 0.

    Example:
        >>> from keras import ops
        >>> logits, positives = nt_xent_logits(ops.eye(3), ops.eye(3))
        >>> tuple(logits.shape), ops.convert_to_numpy(positives).tolist()
        ((6, 6), [3, 4, 5, 0, 1, 2])
    """
    keys1 = z1 if keys1 is None else keys1
    keys2 = z2 if keys2 is None else keys2
    _check_pairs(z1, z2, keys1, keys2, temperature)
    batch, global_batch = ops.shape(z1)[0], ops.shape(keys1)[0]
    anchors = ops.normalize(ops.concatenate([z1, z2]), axis=-1)
    keys = ops.normalize(ops.concatenate([keys1, keys2]), axis=-1)
    logits = ops.matmul(anchors, ops.transpose(keys)) / temperature
    first = ops.arange(batch, dtype="int32") + ops.cast(offset, "int32")
    second = first + global_batch
    itself = ops.one_hot(
        ops.concatenate([first, second]), 2 * global_batch, dtype="bool"
    )
    logits = ops.where(itself, ops.cast(_EXCLUDED, logits.dtype), logits)
    return logits, ops.concatenate([second, first])


def supervised_contrastive(
    z1,
    z2,
    labels,
    keys1=None,
    keys2=None,
    key_labels=None,
    offset=0,
    temperature: float = 0.1,
):
    """Returns each example's supervised contrastive loss (SupCon).

    It is NT-Xent with more positives: of an anchor these are all other views of
    examples of its class, the other view of its own example among them. The loss is
    the mean over the positives of their cross-entropy, the paper's L_out. Without two
    examples of one class it is NT-Xent.

    On several devices the anchors are this device's rows, the keys all devices' rows.

    Args:
        z1: Float tensor (batch, dim), first views' projections, of any length.
        z2: Float tensor (batch, dim), second views' projections.
        labels: Integer tensor (batch,), the class of each example.
        keys1: Float tensor (global_batch, dim), first views of all devices,
            or None for `z1`.
        keys2: Float tensor (global_batch, dim), second views of all devices,
            or None for `z2`.
        key_labels: Integer tensor (global_batch,), or None for `labels`.
        offset: Position of row 0 of `z1` in `keys1`, integer or scalar integer
            tensor.
        temperature: Softmax temperature, above 0, no unit.

    Returns:
        Float32 tensor (batch,) in nats, mean over the example's two anchors; all
        equal embeddings give log(2 * global_batch - 1). The lowest value is the
        logarithm of the number of positives, 0 where it is 1.

    Raises:
        ValueError: If the shapes do not fit or `temperature` <= 0.

    Example:
        >>> from keras import ops
        >>> labels = ops.array([0, 0, 1, 1])
        >>> losses = supervised_contrastive(ops.eye(4), ops.eye(4), labels)
        >>> round(float(losses[0]), 2)  # two of three positives are at right angles
        6.67

    Reference:
        Khosla et al., 2020, eq. 2, https://arxiv.org/abs/2004.11362
    """
    key_labels = labels if key_labels is None else key_labels
    z1, z2, keys1, keys2 = in_float32(z1, z2, keys1, keys2)
    logits, own = nt_xent_logits(z1, z2, keys1, keys2, offset, temperature)
    positives = same_class(labels, key_labels, own)
    logs = ops.log_softmax(logits, axis=-1)
    counts = ops.sum(ops.cast(positives, "float32"), axis=-1)
    losses = -ops.sum(ops.where(positives, logs, 0.0), axis=-1) / counts
    return ops.mean(ops.reshape(losses, (2, -1)), axis=0)


def same_class(labels, key_labels, own):
    """Returns which keys are positives of each anchor of `nt_xent_logits`.

    Args:
        labels: Integer tensor (batch,), the class of each example.
        key_labels: Integer tensor (global_batch,), those of all devices.
        own: The positions of the other view of each anchor's own example, as
            `nt_xent_logits` gives them.

    Returns:
        Boolean tensor (2 * batch, 2 * global_batch): whether a key is of the
        anchor's class, and not the anchor itself.

    Raises:
        ValueError: If there is not one label for each example.

    Example:
        >>> from keras import ops
        >>> labels = ops.array([7, 3])
        >>> _, own = nt_xent_logits(ops.eye(2), ops.eye(2))
        >>> ops.convert_to_numpy(same_class(labels, labels, own)).nonzero()[1].tolist()
        [2, 3, 0, 1]
    """
    shapes = tuple(labels.shape), tuple(key_labels.shape)
    rows = own.shape[0], labels.shape[0] if shapes[0] else None
    if {len(shape) for shape in shapes} != {1} or (
        None not in rows and rows[0] != 2 * rows[1]
    ):
        raise InvalidValue(
            "`labels` must be a vector with one class for each example. "
            f"Received shapes: {shapes[0]} and {shapes[1]}"
        )
    columns = ops.shape(key_labels)[0]
    same = ops.tile(ops.equal(labels[:, None], key_labels[None, :]), (2, 2))
    itself = ops.mod(own + columns, 2 * columns)
    itself = ops.one_hot(itself, 2 * columns, dtype="bool")
    return ops.logical_and(same, ops.logical_not(itself))


def decoupled_contrastive(
    z1, z2, keys1=None, keys2=None, offset=0, temperature: float = 0.1, weights=None
):
    """Returns each example's decoupled contrastive loss (DCL, DCLW).

    It is NT-Xent whose denominator lacks the positive pair: an anchor is drawn to
    its positive no less where they are close already, or where the batch is small.
    So it has no lower end at 0.

    Of view k of an example with the positive pair (z1, z2) it is - w <z1, z2> / tau
    + log(sum over both views of all other examples of exp(<zk, z> / tau)), with
    vectors of length 1. On several devices the anchors are this device's rows, the
    keys all devices' rows.

    Args:
        z1: Float tensor (batch, dim), first views' projections.
        z2: Float tensor (batch, dim), second views' projections.
        keys1: Float tensor (global_batch, dim), first views of all devices,
            or None for `z1`.
        keys2: Float tensor (global_batch, dim), second views of all devices,
            or None for `z2`.
        offset: Position of row 0 of `z1` in `keys1`, integer or scalar integer
            tensor.
        temperature: The paper's tau, above 0, no unit.
        weights: Float tensor (batch,), the paper's w of each positive pair, such as
            `von_mises_fisher_weights`, or None for 1.

    Returns:
        Float32 tensor (batch,) in nats, mean over the example's two anchors; all
        equal embeddings give log(2 * global_batch - 2).

    Raises:
        ValueError: If the shapes do not fit, there is one example only or
            `temperature` <= 0.

    Example:
        >>> from keras import ops
        >>> losses = decoupled_contrastive(ops.eye(4), ops.eye(4), temperature=0.5)
        >>> round(float(losses[0]), 4)  # ln 6 - 1 / 0.5
        -0.2082

    Reference:
        Yeh et al., 2021, eq. 5 and 6, https://arxiv.org/abs/2110.06848
    """
    z1, z2, keys1, keys2 = in_float32(z1, z2, keys1, keys2)
    logits, positives = nt_xent_logits(z1, z2, keys1, keys2, offset, temperature)
    check_negatives(logits)
    own = ops.one_hot(positives, ops.shape(logits)[1], dtype="bool")
    attracted = ops.sum(ops.where(own, logits, 0.0), axis=-1)
    # One logarithm over both views of the others, not one for each.
    repelled = ops.logsumexp(ops.where(own, _EXCLUDED, logits), axis=-1)
    if weights is not None:
        _check_weights(weights, z1)
        attracted = attracted * ops.tile(ops.cast(weights, "float32"), (2,))
    return ops.mean(ops.reshape(repelled - attracted, (2, -1)), axis=0)


def von_mises_fisher_weights(z1, z2, keys1=None, keys2=None, sigma: float = 0.5):
    """Returns how much each positive pair counts in DCLW: the more, the further.

    A pair's weight is 2 - exp(<z1, z2> / sigma) / its mean over the batch, so the
    mean of all is 1. No gradient flows through it.

    Args:
        z1: Float tensor (batch, dim), first views' projections, of any length.
        z2: Float tensor (batch, dim), second views' projections.
        keys1: Float tensor (global_batch, dim), first views of all devices,
            or None for `z1`.
        keys2: Float tensor (global_batch, dim), second views of all devices,
            or None for `z2`.
        sigma: Above 0, no unit; the larger, the nearer all weights are to 1.

    Returns:
        Float32 tensor (batch,), each at most 2; a pair that is far closer than
        most others has less than 0.

    Raises:
        ValueError: If the shapes do not fit or `sigma` <= 0.

    Example:
        >>> from keras import ops
        >>> z1, z2 = ops.eye(2), ops.array([[1.0, 0.0], [1.0, 0.0]])
        >>> [round(float(w), 3) for w in von_mises_fisher_weights(z1, z2)]
        [0.238, 1.762]

    Reference:
        Yeh et al., 2021, section 3.2, https://arxiv.org/abs/2110.06848
    """
    keys1 = z1 if keys1 is None else keys1
    keys2 = z2 if keys2 is None else keys2
    check_number("sigma", sigma, above=0)
    _check_pairs(z1, z2, keys1, keys2, 1.0)
    own, every = (_cosines(*pair) / sigma for pair in ((z1, z2), (keys1, keys2)))
    most = ops.max(every)  # so that no exp overflows
    weights = 2.0 - ops.exp(own - most) / ops.mean(ops.exp(every - most))
    return ops.stop_gradient(weights)


def in_batch_info_nce(queries, keys, offset=0, temperature: float = 0.05):
    """Returns each query's InfoNCE loss with the other rows' keys as negatives.

    Query i belongs to key `offset` + i; all other keys are its negatives,
    and no query is compared with another. On several devices the queries are
    this device's rows and the keys all devices' rows.

    Args:
        queries: Float tensor (batch, dim), of any length.
        keys: Float tensor (global_batch, dim), of any length.
        offset: Position of the key of query 0, integer or scalar integer
            tensor.
        temperature: Softmax temperature of the cosines, above 0, no unit.

    Returns:
        Float tensor (batch,) in nats.

    Raises:
        ValueError: If the shapes do not fit or `temperature` <= 0.

    Example:
        >>> from keras import ops
        >>> losses = in_batch_info_nce(ops.eye(4), ops.eye(4), temperature=0.5)
        >>> round(float(losses[0]), 4)
        0.3408

    References:
        van den Oord et al., 2018, eq. 4, https://arxiv.org/abs/1807.03748
        Gao et al., 2021, eq. 4, https://arxiv.org/abs/2104.08821
    """
    logits, positives = in_batch_logits(queries, keys, offset, temperature)
    return keras.losses.sparse_categorical_crossentropy(
        positives, logits, from_logits=True
    )


def in_batch_logits(queries, keys, offset=0, temperature: float = 0.05):
    """Returns the scaled cosines behind `in_batch_info_nce`, and the positives.

    Args:
        queries: As in `in_batch_info_nce`.
        keys: As there.
        offset: As there.
        temperature: As there.

    Returns:
        Tuple of `logits`, float tensor (batch, global_batch), and `positives`,
        int32 tensor (batch,), the column of each query's own key.

    Raises:
        ValueError: If the shapes do not fit or `temperature` <= 0.

    Example:
        >>> from keras import ops
        >>> logits, positives = in_batch_logits(ops.eye(4)[2:], ops.eye(4), offset=2)
        >>> tuple(logits.shape), ops.convert_to_numpy(positives).tolist()
        ((2, 4), [2, 3])
    """
    check_temperature(temperature)
    shapes = tuple(queries.shape), tuple(keys.shape)
    if {len(shape) for shape in shapes} != {2} or shapes[0][1] != shapes[1][1]:
        raise InvalidValue(
            "`queries` and `keys` must be matrices with rows of one length. "
            f"Received: {shapes[0]} and {shapes[1]}"
        )
    check_finite(queries=queries, keys=keys)
    queries, keys = ops.normalize(queries, axis=-1), ops.normalize(keys, axis=-1)
    logits = ops.matmul(queries, ops.transpose(keys)) / temperature
    positives = ops.arange(ops.shape(queries)[0], dtype="int32")
    return logits, positives + ops.cast(offset, "int32")


def queue_info_nce(logits):
    """Returns each query's InfoNCE loss, given its key's logit and negatives.

    Args:
        logits: Float tensor (batch, 1 + negatives), the positive in column 0,
            as `queue_logits` gives them.

    Returns:
        Float tensor (batch,) in nats.

    Raises:
        ValueError: If `logits` is not a matrix.

    Example:
        >>> from keras import ops
        >>> round(float(queue_info_nce(ops.zeros((1, 8)))[0]), 4)  # ln 8
        2.0794

    Reference:
        He et al., 2019, eq. 1, https://arxiv.org/abs/1911.05722
    """
    if len(logits.shape) != 2:
        raise InvalidValue(
            "`logits` must have shape (batch, 1 + negatives). "
            f"Received: {tuple(logits.shape)}"
        )
    check_finite(logits=logits)
    positives = ops.zeros_like(logits[:, 0], dtype="int32")
    return keras.losses.sparse_categorical_crossentropy(
        positives, logits, from_logits=True
    )


def queue_logits(queries, keys, queue, temperature: float = 0.2):
    """Returns the scaled cosines of queries with their keys and with a queue.

    Args:
        queries: Float tensor (batch, dim), of any length.
        keys: Float tensor (batch, dim), of any length; key i is the positive
            of query i, and of no other query a negative.
        queue: Float tensor (negatives, dim), rows of length 1.
        temperature: Softmax temperature of the cosines, above 0, no unit.

    Returns:
        Float tensor (batch, 1 + negatives): the query's own key, then the
        queue.

    Raises:
        ValueError: If the shapes do not fit or `temperature` <= 0.

    Example:
        >>> from keras import ops
        >>> logits = queue_logits(ops.eye(3), ops.eye(3), ops.eye(3), temperature=0.5)
        >>> ops.convert_to_numpy(logits[0]).tolist()
        [2.0, 2.0, 0.0, 0.0]

    Reference:
        He et al., 2019, algorithm 1, https://arxiv.org/abs/1911.05722
    """
    check_temperature(temperature)
    shapes = [tuple(tensor.shape) for tensor in (queries, keys, queue)]
    fit = all(len(shape) == 2 and shape[1] == shapes[0][1] for shape in shapes)
    if not fit or shapes[0] != shapes[1]:
        raise InvalidValue(
            "`queries` and `keys` must have one shape (batch, dim) and `queue` must "
            f"be (negatives, dim). Received: {shapes[0]}, {shapes[1]} and {shapes[2]}"
        )
    check_finite(queries=queries, keys=keys, queue=queue)
    queries, keys = ops.normalize(queries, axis=-1), ops.normalize(keys, axis=-1)
    positive = ops.sum(queries * keys, axis=-1, keepdims=True)
    negative = ops.matmul(queries, ops.transpose(queue))
    return ops.concatenate([positive, negative], axis=-1) / temperature


def _check_pairs(z1, z2, keys1, keys2, temperature):
    check_temperature(temperature)
    for names, a, b in (("z1, z2", z1, z2), ("keys1, keys2", keys1, keys2)):
        if len(a.shape) != 2 or tuple(a.shape) != tuple(b.shape):
            raise InvalidValue(
                f"`{names}` must have one shape (batch, dim). "
                f"Received: {tuple(a.shape)} and {tuple(b.shape)}"
            )
    if z1.shape[1] != keys1.shape[1]:
        raise InvalidValue(
            "Anchors and keys must have the same number of dimensions. "
            f"Received: z1 {tuple(z1.shape)} and keys1 {tuple(keys1.shape)}"
        )
    check_finite(z1=z1, z2=z2, keys1=keys1, keys2=keys2)


def _check_weights(weights, z1):
    if tuple(weights.shape) != tuple(z1.shape[:1]):
        raise InvalidValue(
            "`weights` must have shape (batch,), one for each row of `z1`. "
            f"Received: {tuple(weights.shape)} and z1 {tuple(z1.shape)}"
        )
    check_finite(weights=weights)


def _cosines(a, b):
    """Returns the cosine of each row of a with the same row of b, in float32."""
    a, b = (ops.normalize(ops.cast(x, "float32"), axis=-1) for x in (a, b))
    return ops.sum(a * b, axis=-1)
