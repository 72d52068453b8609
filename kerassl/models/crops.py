"""Views of several sizes, named as `kerassl.pretext.MultiCrop` names them."""

import itertools

from keras import ops

from kerassl.errors import InvalidValue


def crops_of(x, least: int = 2):
    """Returns the views of a batch, the global ones first.

    Args:
        x: Dict with "view1", "view2", ... and perhaps "local1", "local2", ...
        least: How many global views there must be.

    Returns:
        List of tensors (batch, ...).

    Raises:
        ValueError: If there are fewer global views.

    Example:
        >>> crops_of({"local1": 3, "view1": 1, "view2": 2, "id": 0})
        [1, 2, 3]
    """
    crops = []
    for kind in ("view", "local"):
        names = itertools.takewhile(
            lambda name: name in x, (f"{kind}{i}" for i in itertools.count(1))
        )
        crops += [x[name] for name in names]
        if len(crops) < least:
            raise InvalidValue(
                f"A batch must have {least} or more global views, "
                f"{', '.join(f'view{i + 1}' for i in range(least))}. "
                f"Received: {sorted(x)}"
            )
    return crops


def at_once(network, crops, training):
    """Returns a network's outputs for several views, those of one size in one pass.

    A pass over all is faster than one for each, and batch normalisation sees them
    together, as in the code of SwAV's and DINO's authors.

    Args:
        network: Takes a batch of each of the views' sizes.
        crops: List of tensors (batch, ...).
        training: As for a layer.

    Returns:
        Tensor (views * batch, ...), the batch of the first view first.

    Example:
        >>> crops = [ops.ones((2, 4)), ops.ones((2, 4)), ops.ones((2, 3))]
        >>> sums = at_once(lambda x, training: ops.sum(x, 1), crops, training=False)
        >>> ops.convert_to_numpy(sums).tolist()
        [4.0, 4.0, 4.0, 4.0, 3.0, 3.0]
    """
    outputs = [
        network(ops.concatenate(list(views)), training=training)
        for _, views in itertools.groupby(crops, lambda view: tuple(view.shape[1:]))
    ]
    return ops.concatenate(outputs)


def together(network, x, names, training):
    """Returns a network's outputs for views of one size, which pass it as one batch.

    So batch normalisation sees them together.

    Args:
        network: Takes a batch of a view's size.
        x: Dict of views, tensors (batch, ...).
        names: Those that pass.
        training: As for a layer.

    Returns:
        Tuple of tensors (batch, ...), one for each name.

    Example:
        >>> x = {"view1": ops.ones((2, 4)), "view2": ops.zeros((2, 4))}
        >>> z1, z2 = together(lambda x, training: ops.sum(x, 1), x, x, False)
        >>> ops.convert_to_numpy(z1).tolist()
        [4.0, 4.0]
    """
    outputs = at_once(network, [x[name] for name in names], training)
    return tuple(ops.split(outputs, len(names), axis=0))


def check_sides(encoder, pretext):
    """Raises where views differ from the one size of image that an encoder takes.

    Args:
        encoder: A `keras.Model`.
        pretext: A pretext layer, or None.

    Raises:
        ValueError: If the encoder takes one size and the layer makes another.

    Example:
        >>> import keras
        >>> check_sides(keras.Sequential([keras.Input((8, 8, 1))]), None)
    """
    taken = getattr(encoder, "input_shape", None)
    if not isinstance(taken, tuple) or len(taken) != 4:
        return
    for name, view in (getattr(pretext, "views", None) or {}).items():
        if any(side not in (None, view.size) for side in taken[1:3]):
            raise InvalidValue(
                "`pretext` must make views of the size that the encoder takes, "
                f"{taken[1]} x {taken[2]}, or the encoder take any, as "
                f"`kerassl.encoders.vit` does. Received: {name!r} of {view.size} x "
                f"{view.size}"
            )
