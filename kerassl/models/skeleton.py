"""The skeleton of many tasks: an encoder, its features, and a head on them."""

import keras

from kerassl.encoders.pooling import feature_model
from kerassl.layers.projection_head import ProjectionHead


def head_policy(encoder):
    """Returns the dtype policy of the layers that a task puts on an encoder.

    Args:
        encoder: A functional `keras.Model`.

    Returns:
        A `keras.DTypePolicy`, that of the encoder's last layer.

    Example:
        >>> dense = keras.layers.Dense(3, dtype="mixed_bfloat16")
        >>> head_policy(keras.Sequential([keras.Input((4,)), dense])).name
        'mixed_bfloat16'
    """
    # A functional model forgets the policy that its layers have.
    return (encoder.layers or [encoder])[-1].dtype_policy


def with_head(encoder, head, pooling="auto"):
    """Returns a model of an encoder with a head on its features.

    It shares the weights of both: training one trains the other. So a task that
    owns these keeps it by `keep_untracked`.

    Args:
        encoder: A functional `keras.Model`.
        head: A layer that takes the features, (batch, dim).
        pooling: How features become one vector, as in `kerassl.encoders.pool`.

    Returns:
        A functional `keras.Model` from the encoder's inputs to the head's output.

    Raises:
        ValueError: If `encoder` is not functional.

    Example:
        >>> encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        >>> with_head(encoder, keras.layers.Dense(2)).output_shape
        (None, 2)
    """
    features = feature_model(encoder, pooling)
    return keras.Model(features.input, head(features.output))


def predictor_on(projector, hidden_dim: int, **options):
    """Returns a predictor: a head with one hidden layer, from projections to such.

    Args:
        projector: The `ProjectionHead` whose outputs it takes.
        hidden_dim: Width of the hidden layer.
        **options: Of `ProjectionHead`, for the last layer.

    Returns:
        A `ProjectionHead` with weights, of the projector's dtype policy.

    Example:
        >>> predictor = predictor_on(ProjectionHead(4), 2)
        >>> [tuple(layer.kernel.shape) for layer in predictor.stack[::3]]
        [(4, 2), (2, 4)]
    """
    dim, policy = projector.output_dim, projector.dtype_policy
    head = ProjectionHead(
        dim, hidden_dims=(hidden_dim,), dtype=policy, name="predictor", **options
    )
    # Outside of the functional model that gives the projector its weights.
    head.build((None, dim))
    return head


def averaged_encoder(encoder, network, average):
    """Returns a copy of an encoder with the weights that a moving average has.

    Args:
        encoder: A functional `keras.Model`.
        network: A model that it is a part of.
        average: The `MovingAverage` of `network`.

    Returns:
        A `keras.Model` like `encoder`.

    Example:
        >>> from kerassl.layers import MovingAverage
        >>> encoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> copy = averaged_encoder(encoder, encoder, MovingAverage(encoder))
        >>> bool(keras.ops.all(copy.weights[0] == encoder.weights[0]))
        True
    """
    pairs = zip(network.weights, average.network.weights, strict=True)
    averages = {id(own): averaged for own, averaged in pairs}
    copy = keras.models.clone_model(encoder)
    for own, new in zip(encoder.weights, copy.weights, strict=True):
        new.assign(averages.get(id(own), own))
    return copy


def keep_untracked(task, **attributes):
    """Sets attributes of a task that Keras is not to count among its parts.

    Such as a model of layers that the task has under another name: tracked, their
    weights would be found twice, and saved in another place. And anything that is
    no part of the model at all, such as data.

    Args:
        task: A `PretextModel`.
        **attributes: Their names and values.

    Example:
        >>> task = keras.Model()
        >>> keep_untracked(task, _network=keras.layers.Dense(2))
        >>> len(task.layers)
        0
    """
    # Past `__setattr__`, by which Keras tracks.
    vars(task).update(attributes)
