"""One encoder of several, each of which sees its own part of an image."""

import itertools
from collections.abc import Sequence

import keras
from keras import layers, ops

from kerassl.allowed import part
from kerassl.encoders.pooling import feature_model
from kerassl.errors import InvalidType, InvalidValue

AXES = {"height": 1, "width": 2, "channels": 3}


@part("encoder")
def side_by_side(
    encoders: Sequence[keras.Model],
    axis: str = "channels",
    name: str = "side_by_side",
):
    """Returns an encoder whose features are those of several others, joined.

    Each of them sees a part of the image: the first as much of the axis as it
    takes, the next what follows. So one for L and one for a and b make an encoder
    of colour images in L*a*b*, and one for each half an encoder of both.

    It is a functional model. What each of them gives is the output of a layer under
    its name, such as `get_layer("ab").output`, by which `kerassl.models.CMC` tells
    the views.

    Args:
        encoders: Functional `keras.Model`s of images (batch, height, width,
            channels), two or more with different names, which name the views.
            Their input shapes differ along `axis` alone.
        axis: Along which the image is cut, `"channels"`, `"width"` or `"height"`.
        name: Model name.

    Returns:
        `keras.Model` from (batch, height, width, channels) to (batch, dim), the
        features in the order of the encoders.

    Raises:
        ValueError: If the encoders do not fit together, or `axis` is unknown.
        TypeError: If they are none.

    Example:
        >>> from kerassl.encoders import plain_cnn
        >>> encoder = side_by_side(
        ...     [plain_cnn((8, 8, 1), (4,), (2,), name="l"),
        ...      plain_cnn((8, 8, 2), (4,), (2,), name="ab")]
        ... )
        >>> encoder.input_shape, encoder.output_shape
        ((None, 8, 8, 3), (None, 32))

    Reference:
        Tian et al., 2020, section 3.4, https://arxiv.org/abs/1906.05849
    """
    if axis not in AXES:
        raise InvalidValue(f"`axis` must be one of {tuple(AXES)}. Received: {axis!r}")
    shape, sizes = _shapes(encoders, AXES[axis])
    inputs = keras.Input(shape, name="images")
    ends = list(itertools.accumulate(sizes))
    parts = ops.split(inputs, ends[:-1], axis=AXES[axis])
    policy = encoders[0].layers[-1].dtype_policy.name
    vectors = []
    for encoder, part_of_image in zip(encoders, parts, strict=True):
        features = feature_model(encoder)
        features.name = f"{encoder.name}_encoder"
        # A plain layer, whose output is that of this model, has the view's name.
        named = layers.Identity(dtype=policy, name=encoder.name)
        vectors.append(named(features(part_of_image)))
    features = layers.Concatenate(dtype=policy, name="features")(vectors)
    return keras.Model(inputs, features, name=name)


def _shapes(encoders, axis):
    """Returns the shape of the image and the sizes of its parts."""
    if not isinstance(encoders, Sequence) or not all(
        isinstance(encoder, keras.Model) for encoder in encoders
    ):
        raise InvalidType(
            "`encoders` must be a list of functional keras.Models. "
            f"Received: {encoders!r}"
        )
    names = [encoder.name for encoder in encoders]
    if len(names) < 2 or len(set(names)) < len(names):
        raise InvalidValue(
            "`encoders` must be two or more, with a name of its own each. Received: "
            f"{names}"
        )
    shapes = [tuple(encoder.input_shape[1:]) for encoder in encoders]
    others = {shape[: axis - 1] + shape[axis:] for shape in shapes}
    if len(others) > 1 or {len(shape) for shape in shapes} != {3}:
        raise InvalidValue(
            "`encoders` must take images that differ along one axis alone. Received "
            f"the shapes: {shapes}"
        )
    sizes = [shape[axis - 1] for shape in shapes]
    whole = list(shapes[0])
    whole[axis - 1] = sum(sizes)
    return tuple(whole), sizes
