"""A network that follows another as the moving average of its weights."""

import math

import keras
from keras import ops

from kerassl.checks import check_number, check_positive_integers
from kerassl.errors import InvalidValue


class MovingAverage(keras.layers.Layer):
    """Holds a frozen copy of a network, the moving average of its weights.

    This is the momentum encoder of MoCo, the target network of BYOL, the
    teacher of DINO. `follow` moves the copy; its first call makes the copy
    equal to the network, so weights that were loaded in between count.

    Averaged are the trainable weights. Batch normalisation in the copy uses
    the statistics of the copy's own batch in training, and keeps its own moving
    ones, as the papers' code does. No weight of the copy is ever trainable.

    Args:
        network: A functional or Sequential `keras.Model`. It is read, not kept.
        name: Layer name.

    Input and output:
        Those of `network`.

    Attributes:
        network: The copy.
        updates: Variable, how often `follow` was called.

    Raises:
        ValueError: If the network's weights are not float32. Those of layers
            under "mixed_bfloat16" are; coarser ones would lose small steps.

    Example:
        >>> student = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> teacher = MovingAverage(student)
        >>> teacher.follow(student, momentum=0.99)
        >>> bool(ops.all(teacher(ops.ones((3, 2))) == student(ops.ones((3, 2)))))
        True

    Reference:
        He et al., 2019, section 3.2, https://arxiv.org/abs/1911.05722
    """

    def __init__(self, network, *, name: str | None = None):
        super().__init__(dtype="float32", name=name)
        coarse = {v.dtype for v in network.trainable_variables} - {"float32"}
        if coarse:
            raise InvalidValue(
                "`network` must have float32 weights for a moving average, as under "
                f"the policy 'mixed_bfloat16'. Received: {sorted(coarse)}"
            )
        self.network = keras.models.clone_model(network)
        self.network.set_weights(network.get_weights())
        # Marked one by one: a batch normalisation that is frozen as a layer would
        # use its moving statistics in training too.
        self._averaged = [v.trainable for v in network.weights]
        for variable in self.network.weights:
            variable.trainable = False
        self.updates = self.add_weight(
            shape=(), dtype="int", initializer="zeros", trainable=False, name="updates"
        )
        self.built = True

    @property
    def trainable(self):
        """False: `trainable = True` on a model must not reach the copy."""
        return False

    @trainable.setter
    def trainable(self, value):
        pass

    def follow(self, network, momentum):
        """Moves the copy: `momentum` * copy + (1 - `momentum`) * network.

        The first call copies the network, statistics included.

        Args:
            network: The network that this layer was made of.
            momentum: Float, or float32 scalar tensor, in [0, 1].
        """
        is_first = ops.equal(self.updates.value, 0)
        momentum = ops.where(is_first, 0.0, ops.cast(momentum, "float32"))
        pairs = zip(network.weights, self.network.weights, self._averaged, strict=True)
        for theirs, ours, averaged in pairs:
            # Without it JAX takes gradients through the assignment.
            new, old = ops.stop_gradient(theirs.value), ours.value
            if averaged:
                ours.assign(momentum * old + (1.0 - momentum) * new)
            else:
                ours.assign(ops.where(is_first, new, old))
        self.updates.assign(self.updates.value + 1)

    def call(self, inputs, training=None):
        return self.network(inputs, training=training)


def cosine_momentum(step, total_steps: int, base: float = 0.996):
    """Returns a momentum that rises from `base` to 1 along half a cosine.

    Args:
        step: Steps that are done, an integer or integer scalar tensor. Below 0
            counts as 0, above `total_steps` as `total_steps`.
        total_steps: Steps of the whole training, above 0.
        base: Momentum at step 0, in [0, 1].

    Returns:
        Float32 scalar: 1 - (1 - base) (cos(pi step / total_steps) + 1) / 2.

    Example:
        >>> [round(float(cosine_momentum(k, 100, base=0.9)), 3) for k in (0, 50, 100)]
        [0.9, 0.95, 1.0]

    Reference:
        Grill et al., 2020, section 3.3, https://arxiv.org/abs/2006.07733
    """
    check_positive_integers(total_steps=total_steps)
    check_number("base", base, least=0, most=1)
    share = ops.clip(ops.cast(step, "float32") / total_steps, 0.0, 1.0)
    return 1.0 - (1.0 - base) * (ops.cos(math.pi * share) + 1.0) / 2.0
