"""The models of keras.applications as encoders of images in [0, 1]."""

import re

import keras

from kerassl.errors import InvalidValue

# What a value v of [0, 1] becomes is scale * v + offset, of each channel. The names of
# modes are those of keras.applications.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BLUE_FIRST = (103.939, 116.779, 123.68)
MODES = {
    "raw": ((255.0,) * 3, (0.0,) * 3),
    "tf": ((2.0,) * 3, (-1.0,) * 3),
    "torch": (
        tuple(1 / s for s in STD),
        tuple(-m / s for m, s in zip(MEAN, STD, strict=True)),
    ),
    "caffe": ((255.0,) * 3, tuple(-mean for mean in BLUE_FIRST)),
}
# By the names that the models have. Those that scale for themselves are told by that.
NAMES = {
    "caffe": r"resnet(50|101|152)|vgg(16|19)",
    "torch": r"densenet(121|169|201)",
    "tf": r"resnet(50|101|152)v2|mobilenet(v2)?_[\d.]+_(\d+|rows)|inception_v3|"
    r"inception_resnet_v2|xception|nasnet(_mobile|_large)?|efficientnetv2-\w+|mobilenetv3(small|large)",
    "raw": r"efficientnetb\d|convnext_(tiny|small|base|large|xlarge)",
}
# Of the first layers, where those that scale are.
FIRST_LAYERS = 4
# Of the width of a range, by so much another may differ and be meant.
SLACK = 0.05


def from_application(model):
    """Returns a model of keras.applications as an encoder of images in [0, 1].

    Each of these models expects the range it was trained on: [-1, 1], [0, 255], or
    values less a mean, some with blue first. What kerassl's pretext layers give is
    [0, 1]; a layer that is not trained makes the one of the other.

    Args:
        model: A model of `keras.applications` made with `include_top=False`, under
            the name that it has there, of images with three channels.

    Returns:
        A functional `keras.Model` that shares the weights of `model`.

    Raises:
        ValueError: If it is another model, or has its top.

    Example:
        >>> model = keras.applications.MobileNet(
        ...     input_shape=(32, 32, 3), alpha=0.25, include_top=False, weights=None
        ... )
        >>> encoder = from_application(model)
        >>> encoder.input_shape, encoder.output_shape
        ((None, 32, 32, 3), (None, 1, 1, 256))
    """
    mode = mode_of(model)
    if mode is None:
        raise InvalidValue(
            "`model` must be one of keras.applications, under the name that it has "
            f"there. Received: {getattr(model, 'name', type(model).__name__)!r}"
        )
    check_no_top(model)
    scale, offset = MODES[mode]
    if mode == "caffe":
        matrix = [[0.0, 0.0, scale[0]], [0.0, scale[1], 0.0], [scale[2], 0.0, 0.0]]
    else:
        matrix = [[s if i == j else 0.0 for j in range(3)] for i, s in enumerate(scale)]
    values = keras.layers.Dense(
        3,
        kernel_initializer=keras.initializers.Constant(matrix),
        bias_initializer=keras.initializers.Constant(list(offset)),
        trainable=False,
        name="to_its_range",
    )
    images = keras.Input(model.input_shape[1:], name="images")
    return keras.Model(images, model(values(images)), name=f"{model.name}_encoder")


def mode_of(model):
    """Returns which range a model of keras.applications expects, a key of `MODES`.

    Args:
        model: A `keras.Model`.

    Returns:
        None where it is none of these models.

    Example:
        >>> mode_of(keras.Sequential())
    """
    name = str(getattr(model, "name", "")).lower()
    found = [mode for mode, names in NAMES.items() if re.fullmatch(names, name)]
    # An own network may have such a name, as kerassl's presets of a ResNet-50 do.
    own = name.startswith("resnet") and not any(
        layer.name == "conv1_conv" for layer in model.layers
    )
    if not found or own:
        return None
    scales = (keras.layers.Rescaling, keras.layers.Normalization)
    first = [
        part
        for layer in model.layers[:FIRST_LAYERS]
        for part in [layer, *getattr(layer, "layers", ())]
    ]
    return "raw" if any(isinstance(layer, scales) for layer in first) else found[0]


def check_range(model, encoder_input):
    """Raises where a model of keras.applications would be given another range.

    Args:
        model: A `keras.Model`.
        encoder_input: The `kerassl.pretext.encoder_input.EncoderInput` that it is to
            take.

    Raises:
        ValueError: If it expects another.
    """
    mode = mode_of(model)
    bounds = (encoder_input.least, encoder_input.most)
    if mode is None or None in bounds:
        return
    scale, offset = MODES[mode]
    least, most = min(offset), max(s + o for s, o in zip(scale, offset, strict=True))
    slack = SLACK * (most - least)
    if abs(bounds[0] - least) > slack or abs(bounds[1] - most) > slack:
        raise InvalidValue(
            "`encoder` must expect what the pretext layer gives, "
            f"{encoder_input.told()}. "
            f"Received {model.name}, which expects [{least:.4g}, {most:.4g}]: give "
            "kerassl.encoders.from_application(model)."
        )


def check_no_top(model):
    """Raises where a model ends in probabilities of classes.

    Args:
        model: A `keras.Model`.

    Raises:
        ValueError: If its last layer has a softmax.

    Example:
        >>> top = keras.layers.Dense(3, activation="softmax")
        >>> check_no_top(keras.Sequential([keras.Input((4,)), top]))
        Traceback (most recent call last):
        ...
        kerassl.errors.InvalidValue: `encoder` must end in features. Received one that \
ends in a softmax over classes: leave the top off, in keras.applications by \
include_top=False.
    """
    last = model.layers[-1] if getattr(model, "layers", None) else None
    if getattr(last, "activation", None) is keras.activations.softmax:
        raise InvalidValue(
            "`encoder` must end in features. Received one that ends in a softmax over "
            "classes: leave the top off, in keras.applications by include_top=False."
        )


def check_encoder(encoder, pretext=None):
    """Raises where a task cannot take an encoder, or it expects another range.

    Args:
        encoder: What was given as a task's encoder.
        pretext: The pretext layer whose `encoder_input` it is to take, or None.

    Raises:
        ValueError: If it is no `keras.Model`, a whole task of KerasHub, ends in a
            softmax or expects another range.
    """
    if not isinstance(encoder, keras.Model):
        raise InvalidValue(
            f"`encoder` must be a keras.Model. Received: {type(encoder).__name__}"
        )
    if hasattr(encoder, "backbone") and hasattr(encoder, "preprocessor"):
        raise InvalidValue(
            "`encoder` must be a backbone. Received a whole "
            f"{type(encoder).__name__}: give its `.backbone`."
        )
    check_no_top(encoder)
    # Asked of these models alone: while a task is read from a file, a tokenizer has no
    # vocabulary yet to say what it gives.
    wanted = getattr(pretext, "encoder_input", None) if mode_of(encoder) else None
    if wanted is not None:
        check_range(encoder, wanted)
