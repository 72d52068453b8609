"""Losses of distillation: predict what a teacher network gives."""

from keras import ops

from kerassl.distribute import check_finite
from kerassl.errors import InvalidValue
from kerassl.losses.contrastive import check_temperature


def normalized_squared_error(predictions, targets):
    """Returns each example's squared distance between vectors of length 1.

    It is 2 - 2 cos(prediction, target). BYOL takes it for both directions: the
    prediction from view 1 with the target from view 2, and the other way round.

    Args:
        predictions: Float tensor (batch, dim), of any length.
        targets: Float tensor of the same shape. No gradient flows back to it.

    Returns:
        Float tensor (batch,), from 0 where the directions agree to 4 where they
        are opposite.

    Raises:
        ValueError: If the shapes differ or are not those of matrices.

    Example:
        >>> loss = normalized_squared_error(ops.eye(2), -3.0 * ops.eye(2))
        >>> [round(float(value), 4) for value in loss]
        [4.0, 4.0]

    Reference:
        Grill et al., 2020, eq. 2, https://arxiv.org/abs/2006.07733
    """
    predictions, targets = _directions(predictions, targets)
    return ops.sum(ops.square(predictions - targets), axis=-1)


def negative_cosine(predictions, targets):
    """Returns each example's negative cosine of a prediction with its target.

    SimSiam takes the mean of both directions: the prediction from view 1 with the
    projection of view 2, and the other way round.

    Args:
        predictions: Float tensor (batch, dim), of any length.
        targets: Float tensor of the same shape. No gradient flows back to it.

    Returns:
        Float tensor (batch,), from -1 where the directions agree to 1 where they
        are opposite.

    Raises:
        ValueError: If the shapes differ or are not those of matrices.

    Example:
        >>> loss = negative_cosine(ops.eye(2), 3.0 * ops.eye(2))
        >>> [round(float(value), 4) for value in loss]
        [-1.0, -1.0]

    Reference:
        Chen & He, 2020, eq. 1, https://arxiv.org/abs/2011.10566
    """
    predictions, targets = _directions(predictions, targets)
    return -ops.sum(predictions * targets, axis=-1)


def smooth_l1(predictions, targets):
    """Returns the smooth L1 distance of predictions from targets, a mean over the last.

    Of a difference d it is d^2 / 2 where d is between -1 and 1, and the size of d
    less 1/2 beyond. I-JEPA takes it between predicted and given states of patches.

    Args:
        predictions: Float tensor (..., dim).
        targets: Float tensor of the same shape. No gradient flows back to it.

    Returns:
        Float32 tensor (...). About 0.42 where the predictions are 0 and the targets
        normal with variance 1.

    Raises:
        ValueError: If the shapes differ or have no axis.

    Example:
        >>> float(smooth_l1(ops.array([[0.0, 3.0]]), ops.array([[1.0, 0.0]]))[0])
        1.5

    Reference:
        Girshick, 2015, eq. 3, https://arxiv.org/abs/1504.08083
    """
    shapes = tuple(predictions.shape), tuple(targets.shape)
    if not shapes[0] or len(shapes[0]) != len(shapes[1]) or _differ(*shapes):
        raise InvalidValue(
            "`predictions` and `targets` must have one shape (..., dim). "
            f"Received: {shapes[0]} and {shapes[1]}"
        )
    check_finite(predictions=predictions, targets=targets)
    targets = ops.stop_gradient(ops.cast(targets, "float32"))
    errors = ops.absolute(ops.cast(predictions, "float32") - targets)
    small = ops.minimum(errors, 1.0)
    # d^2 / 2 for the part up to 1, and |d| - 1 for what is beyond.
    return ops.mean(0.5 * ops.square(small) + errors - small, axis=-1)


def centred_softmax(logits, centre, temperature=0.04):
    """Returns the teacher's distributions: softmax((logits - centre) / temperature).

    Taking off the centre keeps one dimension from winning for all images; a low
    temperature keeps all dimensions from becoming alike. DINO needs both against
    collapse.

    Args:
        logits: Float tensor (batch, dim), the teacher's.
        centre: Float tensor (dim,), such as a moving average of `logits`.
        temperature: Softmax temperature, above 0: a number, or a float scalar
            tensor.

    Returns:
        Float32 tensor (batch, dim), through which no gradient flows. Rows sum to 1.

    Raises:
        ValueError: If the shapes do not fit together or `temperature` is a number
            that is not above 0.

    Example:
        >>> logits = ops.array([[1.0, 3.0], [3.0, 5.0]])
        >>> found = centred_softmax(logits, ops.array([0.0, 2.0]))
        >>> [[float(value) for value in row] for row in found]
        [[0.5, 0.5], [0.5, 0.5]]

    Reference:
        Caron et al., 2021, section 3.1, https://arxiv.org/abs/2104.14294
    """
    shapes = tuple(logits.shape), tuple(centre.shape)
    if len(shapes[0]) != 2 or shapes[1] != shapes[0][1:]:
        raise InvalidValue(
            "`logits` and `centre` must have shapes (batch, dim) and (dim,). "
            f"Received: {shapes[0]} and {shapes[1]}"
        )
    check_temperature(temperature)
    check_finite(logits=logits, centre=centre)
    centred = ops.cast(logits, "float32") - ops.cast(centre, "float32")
    return ops.stop_gradient(ops.softmax(centred / temperature, axis=-1))


def cross_view_entropy(students, targets, temperature=0.1):
    """Returns each example's cross-entropy of a student with a teacher's views (DINO).

    The student sees all views, the teacher the first of them. Every distribution of
    the teacher is compared with the student's of every other view, never with that
    of the same view, and the mean over these pairs is taken.

    Args:
        students: List of float tensors (batch, dim), the student's logits of all
            views, two or more; first those views that the teacher saw.
        targets: List of float tensors (batch, dim), the teacher's distributions,
            such as `centred_softmax` gives; at most as many. No gradient flows back
            to them.
        temperature: The student's softmax temperature, above 0.

    Returns:
        Float32 tensor (batch,), in nats. It is log(dim) where the student's
        distributions are uniform.

    Raises:
        ValueError: If the shapes differ, there are no two views or more targets
            than views, or `temperature` is not above 0.

    Example:
        >>> students = [ops.zeros((3, 4))] * 3
        >>> targets = [ops.one_hot(ops.array([0, 1, 2]), 4)] * 2
        >>> [round(float(value), 4) for value in cross_view_entropy(students, targets)]
        [1.3863, 1.3863, 1.3863]

    Reference:
        Caron et al., 2021, eq. 3, https://arxiv.org/abs/2104.14294
    """
    _check_views(students, targets)
    check_temperature(temperature)
    logs = []
    for logits in students:
        check_finite(students=logits)
        logits = ops.cast(logits, "float32") / temperature
        logs.append(ops.log_softmax(logits, axis=-1))
    # Of each target with the sum over the other views: one product, not one a view.
    every = sum(logs)
    loss = 0.0
    for target, own in zip(targets, logs, strict=False):
        check_finite(targets=target)
        target = ops.stop_gradient(ops.cast(target, "float32"))
        loss = loss - ops.sum(target * (every - own), axis=-1)
    return loss / (len(targets) * (len(students) - 1))


def masked_patch_entropy(students, targets, mask, temperature=0.1):
    """Returns each example's cross-entropy of hidden patches with a teacher's (iBOT).

    Args:
        students: Float tensor (batch, patches, dim), the student's logits.
        targets: Float tensor of the same shape, the teacher's distributions, such as
            `centred_softmax` gives. No gradient flows back to it.
        mask: Tensor (batch, patches), 1 where a patch is hidden from the student and
            0 elsewhere.
        temperature: The student's softmax temperature, above 0.

    Returns:
        Float32 tensor (batch,), in nats, the mean over the hidden patches of an
        example, 0 where it has none. It is log(dim) where the student's
        distributions are uniform.

    Raises:
        ValueError: If the shapes do not fit together or `temperature` is not above 0.

    Example:
        >>> targets = ops.one_hot(ops.array([[0, 1], [2, 3]]), 4)
        >>> mask = ops.array([[1, 0], [0, 0]])
        >>> losses = masked_patch_entropy(ops.zeros((2, 2, 4)), targets, mask)
        >>> [round(abs(float(loss)), 4) for loss in losses]
        [1.3863, 0.0]

    Reference:
        Zhou et al., 2021, eq. 3, https://arxiv.org/abs/2111.07832
    """
    check_temperature(temperature)
    shapes = [tuple(tensor.shape) for tensor in (students, targets, mask)]
    ranks = [len(shape) for shape in shapes]
    if ranks != [3, 3, 2] or any(
        _differ(shapes[0][: len(shape)], shape) for shape in shapes[1:]
    ):
        raise InvalidValue(
            "`students`, `targets` and `mask` must have shapes (batch, patches, dim), "
            f"the same, and (batch, patches). Received: {shapes}"
        )
    check_finite(students=students, targets=targets)
    logs = ops.log_softmax(ops.cast(students, "float32") / temperature, axis=-1)
    targets = ops.stop_gradient(ops.cast(targets, "float32"))
    mask = ops.cast(mask, "float32")
    losses = -ops.sum(ops.sum(targets * logs, axis=-1) * mask, axis=-1)
    return losses / ops.maximum(ops.sum(mask, axis=-1), 1.0)


def _check_views(students, targets):
    shapes = sorted({tuple(view.shape) for view in (*students, *targets)}, key=str)
    # A batch's size may be known of some views only.
    batches = {shape[0] for shape in shapes if shape} - {None}
    dims = {shape[1:] for shape in shapes}
    if len(batches) > 1 or len(dims) != 1 or len(shapes[0]) != 2:
        raise InvalidValue(
            "`students` and `targets` must hold tensors of one shape (batch, dim). "
            f"Received: {shapes}"
        )
    if not 1 <= len(targets) <= len(students) or len(students) < 2:
        raise InvalidValue(
            "`students` must be two views or more, and `targets` one or more of them. "
            f"Received: {len(students)} and {len(targets)}"
        )


def _directions(predictions, targets):
    """Returns predictions and targets at length 1, these without a gradient."""
    shapes = tuple(predictions.shape), tuple(targets.shape)
    if len(shapes[0]) != 2 or shapes[0] != shapes[1]:
        raise InvalidValue(
            "`predictions` and `targets` must have one shape (batch, dim). "
            f"Received: {shapes[0]} and {shapes[1]}"
        )
    check_finite(predictions=predictions, targets=targets)
    predictions = ops.normalize(predictions, axis=-1)
    return predictions, ops.stop_gradient(ops.normalize(targets, axis=-1))


def _differ(one, two):
    """Returns whether sizes that both shapes know are not the same."""
    pairs = zip(one, two, strict=True)
    return any(None not in pair and pair[0] != pair[1] for pair in pairs)
