"""Losses of neighbours: predict what is near to another view."""

from kerassl.losses.contrastive import in_batch_info_nce


def nearest_neighbour_info_nce(
    neighbours,
    predictions,
    all_neighbours=None,
    all_predictions=None,
    offset=0,
    temperature: float = 0.1,
):
    """Returns each example's InfoNCE loss between neighbours and predictions.

    Row i of `neighbours` is what lies nearest to one view of example i, row i of
    `predictions` what the network predicts from its other view. It is the mean of
    two: the neighbour must find its prediction among all predictions (the paper's
    eq. 3), and the prediction its neighbour among all neighbours (the term that
    makes it symmetric). On several devices the first two are this device's rows.

    Args:
        neighbours: Float tensor (batch, dim), of any length.
        predictions: Float tensor (batch, dim), of any length.
        all_neighbours: Float tensor (global_batch, dim), those of all devices, or
            None for `neighbours`.
        all_predictions: Float tensor (global_batch, dim), or None for
            `predictions`.
        offset: Position of row 0 among those of all devices, integer or scalar
            integer tensor.
        temperature: Softmax temperature of the cosines, above 0, no unit.

    Returns:
        Float tensor (batch,) in nats.

    Raises:
        ValueError: If the shapes do not fit or `temperature` <= 0.

    Example:
        >>> from keras import ops
        >>> losses = nearest_neighbour_info_nce(ops.eye(4), ops.eye(4), temperature=0.5)
        >>> round(float(losses[0]), 4)
        0.3408

    Reference:
        Dwibedi et al., 2021, section 3.2, https://arxiv.org/abs/2104.14548
    """
    all_neighbours = neighbours if all_neighbours is None else all_neighbours
    all_predictions = predictions if all_predictions is None else all_predictions
    found = in_batch_info_nce(neighbours, all_predictions, offset, temperature)
    back = in_batch_info_nce(predictions, all_neighbours, offset, temperature)
    return (found + back) / 2.0
