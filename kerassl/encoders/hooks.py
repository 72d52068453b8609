"""What layers compute inside of a network, seen and replaced while it runs."""

import contextlib


@contextlib.contextmanager
def hooked(layers, hook):
    """Calls a hook in place of some layers, for a while.

    Keras has no hooks, and what a layer computes inside of a network is no output
    of that. The layers, their weights and their place in the network stay as they
    are. It holds for what is run operation by operation: a function that was
    compiled before, as that of `predict`, does not come by here.

    Args:
        layers: The layers, each a `keras.layers.Layer`.
        hook: Function of (layer, call, *arguments) that returns the layer's output;
            `call` is the layer's own.

    Example:
        >>> import keras
        >>> dense, seen = keras.layers.Dense(3), []
        >>> model = keras.Sequential([keras.Input((2,)), dense])
        >>> def look(layer, call, x, **options):
        ...     seen.append(tuple(x.shape))
        ...     return call(x, **options)
        >>> with hooked([dense], look):
        ...     y = model(keras.ops.ones((4, 2)))
        >>> seen
        [(4, 2)]
    """
    for layer in layers:
        # Past `__setattr__`, by which Keras tracks the parts of a layer.
        vars(layer)["call"] = _bound(layer, layer.call, hook)
    try:
        yield
    finally:
        for layer in layers:
            del vars(layer)["call"]


def _bound(layer, call, hook):
    def replaced(*args, **kwargs):
        return hook(layer, call, *args, **kwargs)

    return replaced
