"""Batches of examples that were drawn by somebody else, with their own positions."""

import tensorflow as tf

from kerassl.data.dataset import pretext_dataset
from kerassl.data.subset import Subset


def drawn_dataset(source, positions, pretext, **options):
    """Returns the endless batches that a pretext layer makes of drawn examples.

    It is `pretext_dataset` of them, but "id" is an example's position in the
    source, not among those drawn.

    Args:
        source: A `Source` with random access.
        positions: Integer array, those drawn; one may come several times.
        pretext: As in `pretext_dataset`.
        **options: As there; `reads` holds "id".

    Raises:
        ValueError: As there.
    """
    dataset = pretext_dataset(Subset(source, positions), pretext, **options)
    in_source = tf.constant(positions, tf.int64)

    @tf.autograph.experimental.do_not_convert
    def with_own_ids(x, *rest):
        return ({**x, "id": tf.gather(in_source, x["id"])}, *rest)

    return dataset.map(with_own_ids)
