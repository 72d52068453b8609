"""Which tokens each token of a text may see."""

from keras import ops

# The kinds of masks, by their numbers.
BIDIRECTIONAL, LEFT_RIGHT, RIGHT_LEFT, PREFIX = range(4)


def attention_mask(kinds, prefixes, length):
    """Returns masks of attention, each row of a batch of its own kind.

    A token sees all of its row (`BIDIRECTIONAL`), itself and those before it
    (`LEFT_RIGHT`), itself and those after it (`RIGHT_LEFT`), or all of the prefix and,
    beyond it, itself and those before it (`PREFIX`), so that the prefix sees nothing of
    its completion. Padding is for another mask to hide.

    Args:
        kinds: Integer tensor (batch,), each one of the four numbers.
        prefixes: Integer tensor (batch,), tokens in the prefix; read where the kind is
            `PREFIX`.
        length: Tokens in a row.

    Returns:
        int32 tensor (batch, length, length), 1 where the token of the row may see that
        of the column.

    Example:
        >>> mask = attention_mask(ops.array([PREFIX]), ops.array([2]), 3)
        >>> ops.convert_to_numpy(mask)[0].tolist()
        [[1, 1, 0], [1, 1, 0], [1, 1, 1]]

    References:
        Dong et al., 2019, figure 1, https://arxiv.org/abs/1905.03197;
        Raffel et al., 2019, section 3.2.1, https://arxiv.org/abs/1910.10683
    """
    places = ops.arange(length, dtype="int32")
    reader, read = places[None, :, None], places[None, None, :]
    kinds, prefixes = kinds[:, None, None], prefixes[:, None, None]
    before, after = read <= reader, read >= reader
    visible = (
        (kinds == BIDIRECTIONAL)
        | ((kinds == LEFT_RIGHT) & before)
        | ((kinds == RIGHT_LEFT) & after)
        | ((kinds == PREFIX) & (before | (read < prefixes)))
    )
    return ops.cast(visible, "int32")
