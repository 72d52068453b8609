"""A network that is never trained, inside one that is."""

import keras


class Frozen(keras.layers.Layer):
    """Holds a frozen copy of a network, which works in inference mode.

    No weight of the copy is ever trainable, whatever is set on a model that holds
    the layer. Its batch normalisation uses the moving statistics, and keeps them.

    Args:
        network: A functional or Sequential `keras.Model`. It is read, not kept.
        name: Layer name.

    Input and output:
        Those of `network`.

    Attributes:
        network: The copy.

    Example:
        >>> network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> len(Frozen(network).trainable_variables)
        0
    """

    def __init__(self, network, *, name: str | None = None):
        super().__init__(dtype="float32", name=name)
        self.network = keras.models.clone_model(network)
        self.network.set_weights(network.get_weights())
        for variable in self.network.weights:
            variable.trainable = False
        self.built = True

    @property
    def trainable(self):
        """False: `trainable = True` on a model must not reach the copy."""
        return False

    @trainable.setter
    def trainable(self, value):
        pass

    def call(self, inputs, training=None):
        return self.network(inputs, training=False)
