"""Which tokens to hide where whole words, or spans of several, are hidden at once."""

import tensorflow as tf


def spans_of(starts, shares=None, draws=None):
    """Returns the number of the unit and of the span that each token is in.

    A unit is a token or a word, from one start to before the next. Units are put
    together to spans of drawn lengths, from the left; without lengths each unit is a
    span.

    Args:
        starts: Boolean tensor (batch, time), the first tokens of units.
        shares: Relative frequencies of spans of 1, 2, 3 ... units, positive in sum, or
            None.
        draws: Float tensor (batch, time) in [0, 1), from which lengths are drawn.

    Returns:
        Two int32 tensors (batch, time).

    Example:
        >>> starts = tf.constant([[True, False, True, True]])
        >>> units, spans = spans_of(starts, [0, 1], tf.zeros([1, 4]))
        >>> units.numpy().tolist(), spans.numpy().tolist()
        ([[0, 0, 1, 2]], [[0, 0, 0, 1]])
    """
    # A row begins with a unit, whatever its first token is.
    units = tf.cumsum(tf.cast(starts, tf.int32), axis=1) - 1
    units = tf.maximum(units, 0)
    if shares is None:
        return units, units
    total = sum(shares)
    bounds = [sum(shares[: i + 1]) / total for i in range(len(shares) - 1)]
    passed = draws[..., None] >= tf.constant(bounds, tf.float32)
    lengths = 1 + tf.reduce_sum(tf.cast(passed, tf.int32), -1)
    ends = tf.cumsum(lengths, axis=1)
    return units, tf.searchsorted(ends, units, side="right")


def choose(ordinary, units, spans, priority, wanted, whole):
    """Returns which tokens to hide: spans in a drawn order, as many as are wanted.

    The last span is cut where it would be too much. Where units are whole, one that
    would be too much is passed over, and the next are tried, as in BERT's code.

    Args:
        ordinary: Boolean tensor (batch, time), the tokens that may be hidden.
        units: int32 tensor (batch, time), as `spans_of` gives.
        spans: As `units`.
        priority: Float tensor (batch, time) in [0, 1); that at place i is of span i.
        wanted: Float tensor (batch, 1), tokens to hide, at most.
        whole: Whether a unit is hidden whole or not at all.

    Returns:
        Boolean tensor (batch, time).

    Example:
        >>> tokens = tf.constant([[0, 1, 2, 3]])
        >>> chosen = choose(
        ...     tokens > 0, tokens, tokens, tf.constant([[0.9, 0.1, 0.8, 0.5]]),
        ...     tf.constant([[2.0]]), whole=False)
        >>> chosen.numpy().tolist()
        [[False, False, True, True]]
    """
    of_token = tf.gather(priority, spans, batch_dims=1)
    of_token = tf.where(ordinary, of_token, -1.0)
    # Stable: the tokens of a span stay in their order, one after the other.
    order = tf.argsort(of_token, axis=1, direction="DESCENDING", stable=True)
    if not whole:
        rank = tf.cast(tf.argsort(order, axis=1), tf.float32)
        return ordinary & (rank < wanted)
    size = _totals(tf.cast(ordinary, tf.float32), units)
    first = _is_first(tf.gather(units, order, batch_dims=1))
    cost = tf.where(first, tf.gather(size, order, batch_dims=1), 0.0)
    left = tf.scan(
        lambda left, asked: tf.where(asked <= left, left - asked, left),
        tf.transpose(cost),
        wanted[:, 0],
    )
    before = tf.concat([wanted, tf.transpose(left)[:, :-1]], 1)
    taken = tf.cast(first & (cost > 0) & (cost <= before), tf.float32)
    taken = tf.gather(taken, tf.argsort(order, axis=1), batch_dims=1)
    return ordinary & (_totals(taken, units) > 0)


def _totals(values, units):
    """Returns, for each token, the sum of the values of its unit."""
    shape = tf.shape(units)
    place = units + tf.range(shape[0])[:, None] * shape[1]
    sums = tf.math.unsorted_segment_sum(values, place, shape[0] * shape[1])
    return tf.gather(sums, place)


def _is_first(units):
    """Returns which tokens are the first of their unit, units standing together."""
    before = tf.concat([tf.fill([tf.shape(units)[0], 1], -1), units[:, :-1]], 1)
    return units != before
