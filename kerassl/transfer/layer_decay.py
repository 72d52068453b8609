"""Learning rates that fall from the head down to the input."""

import keras
import numpy as np
from keras import ops

from kerassl.encoders.blocks import transformer_blocks
from kerassl.errors import InvalidValue


def variable_depths(encoder):
    """Returns how deep in the encoder each trainable variable sits.

    Depth 0 is nearest to the input. Each Transformer block of a KerasHub
    backbone has a depth of its own; what comes before the blocks has the depth
    before them, what comes after them the depth after. A graph with residual
    sums (a ResNet) gets a new depth after each sum; any other graph one for
    each layer with weights, and normalisation goes with the layer before it.

    Args:
        encoder: A built functional or Sequential `keras.Model`.

    Returns:
        List of integers, one for each of `encoder.trainable_variables`.

    Example:
        >>> layers = [keras.layers.Dense(3), keras.layers.Dense(3)]
        >>> variable_depths(keras.Sequential([keras.Input((4,)), *layers]))
        [0, 0, 1, 1]
    """
    depths: dict[int, int] = {}
    depth = 0
    for group in _groups(encoder):
        new = [v for layer in group for v in layer.variables if id(v) not in depths]
        depths.update((id(variable), depth) for variable in new)
        # A group of norms and sums alone is no depth of its own.
        depth += bool(new)
    return [depths[id(variable)] for variable in encoder.trainable_variables]


def rate_factors(depths, decay: float, heads: int):
    """Returns the factor on the learning rate of each variable.

    Args:
        depths: What `variable_depths` returned.
        decay: Factor from each depth to the one below it, above 0, at most 1.
        heads: Number of variables after the encoder's; they have factor 1.

    Returns:
        Float32 vector of len(depths) + heads.

    Raises:
        ValueError: If `decay` is out of range.

    Example:
        >>> rate_factors([0, 0, 1], decay=0.5, heads=1).tolist()
        [0.25, 0.25, 0.5, 1.0]
    """
    if not 0 < decay <= 1:
        raise InvalidValue(f"`layer_decay` must be in (0, 1]. Received: {decay}")
    top = max(depths, default=-1) + 1
    return np.array([decay ** (top - d) for d in depths] + [1.0] * heads, "float32")


@keras.saving.register_keras_serializable(package="kerassl")
class LayerwiseAdam(keras.optimizers.Adam):
    """Adam with a factor on the learning rate of each variable.

    The factors are a variable of the optimizer, `rate_factors`, 1 at first: a
    compiled training step need not be traced again when they change.

    Args:
        learning_rate: Rate of a variable with factor 1.
        **kwargs: As in `keras.optimizers.Adam`.

    Example:
        >>> optimizer = LayerwiseAdam(0.1)
        >>> variables = [keras.Variable([0.0]), keras.Variable([0.0])]
        >>> optimizer.build(variables)
        >>> optimizer.rate_factors.assign([0.5, 1.0])  # doctest: +SKIP

    Reference:
        Bao et al., 2021, section 2.4, https://arxiv.org/abs/2106.08254
    """

    def __init__(self, learning_rate=0.001, name="layerwise_adam", **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)

    def build(self, variables):
        """Makes the state of Adam and the factors."""
        if self.built:
            return
        super().build(variables)
        self.rate_factors = self.add_variable(
            shape=(len(variables),), initializer="ones", name="rate_factors"
        )

    def update_step(self, gradient, variable, learning_rate):
        """Updates one variable at its own rate."""
        factor = self.rate_factors[self._get_variable_index(variable)]
        rate = ops.cast(learning_rate, factor.dtype) * factor
        super().update_step(gradient, variable, rate)


def _groups(encoder):
    """Returns the layers in order of depth, as lists."""
    layers = list(_flat(encoder))
    blocks = any(isinstance(part, list) for part in layers)
    sums = any(isinstance(part, keras.layers.Add) for part in layers) and not blocks
    groups, group = [], []
    for layer in layers:
        if isinstance(layer, list):
            groups += [group, layer]
            group = []
            continue
        kernel = any(len(v.shape) > 1 for v in layer.trainable_variables)
        if kernel and not sums and not blocks:
            groups.append(group)
            group = []
        group.append(layer)
        if sums and isinstance(layer, keras.layers.Add):
            groups.append(group)
            group = []
    return [*groups, group]


def _flat(layer):
    """Yields the layers inside, a Transformer block as a list of itself."""
    blocks = transformer_blocks(layer)
    if isinstance(layer, keras.Model):
        for inner in layer.layers:
            if inner in blocks:
                yield [inner]
            else:
                yield from _flat(inner)
    elif blocks:
        for block in blocks:
            yield [block]
        yield layer  # what it holds beside its blocks: the last normalisation
    else:
        yield layer
