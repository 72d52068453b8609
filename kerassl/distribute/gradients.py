"""Gradients inside of a loss."""

from keras import ops

from kerassl.distribute.backend import BACKEND

if BACKEND == "tensorflow":
    import tensorflow as tf
else:
    import jax


def input_gradient(function, x):
    """Returns the gradient of a function of each example by its input.

    The result can be differentiated again, by `x` and by the weights that
    `function` reads, as a gradient penalty asks for.

    Args:
        function: From a tensor (batch, ...) to one value per example, (batch,)
            or (batch, 1). The value of an example must depend on that example
            alone and `function` must assign no variable, which rules out batch
            normalisation in training.
        x: Float tensor (batch, ...).

    Returns:
        Tensor of the shape of `x`.

    Example:
        >>> x = ops.array([[1.0, 2.0]])
        >>> ops.convert_to_numpy(
        ...     input_gradient(lambda x: ops.sum(x**2, axis=-1), x)
        ... ).tolist()
        [[2.0, 4.0]]
    """
    if BACKEND == "jax":
        return jax.grad(lambda x: ops.sum(function(x)))(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        values = function(x)
    return tape.gradient(values, x)
