"""Which parts of an input a value depends on: by gradients, and by covering parts.

Each function takes `function`, from a float tensor (batch, ...) to one value for
each example, (batch,); where the value of an example depends on others of the batch,
so does what is found. Maps look convincing even where they tell nothing of what was
learnt: compare with that of a network with random weights (Adebayo et al., 2018), as
`kerassl.explain` does.
"""

import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.checks import check_integer, check_number, check_positive_integers
from kerassl.errors import InvalidValue


def gradient_times_input(function, x):
    """Returns the gradient times the input.

    For a function that is linear in `x` the sum is its value, less a constant.

    Args:
        function: See the module.
        x: Float array (batch, ...).

    Returns:
        Float32 array of the shape of `x`.

    Example:
        >>> x = np.array([[1.0, 2.0]], "float32")
        >>> gradient_times_input(lambda x: 3 * x[:, 0] - x[:, 1], x).tolist()
        [[3.0, -2.0]]

    Reference:
        Shrikumar et al., 2017, https://arxiv.org/abs/1605.01713
    """
    x = _checked(x)
    return _gradient(function, x) * x


def smooth_grad(function, x, noise: float = 0.15, samples: int = 16, seed: int = 0):
    """Returns the mean gradient at noisy copies of the input (SmoothGrad).

    Args:
        function: See the module.
        x: Float array (batch, ...).
        noise: Standard deviation of the noise, as a share of the range of each
            example's values, at least 0.
        samples: Number of copies.
        seed: Integer.

    Returns:
        Float32 array of the shape of `x`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> x = np.array([[1.0, 2.0]], "float32")
        >>> smooth_grad(lambda x: 3 * x[:, 0] - x[:, 1], x, samples=2).tolist()
        [[3.0, -1.0]]

    Reference:
        Smilkov et al., 2017, https://arxiv.org/abs/1706.03825
    """
    check_number("noise", noise, least=0)
    check_positive_integers(samples=samples)
    check_integer("seed", seed, least=0)
    x, rng = _checked(x), np.random.default_rng(seed)
    axes = tuple(range(1, x.ndim))
    spread = noise * np.ptp(x, axis=axes, keepdims=True)
    noisy = (x + spread * rng.normal(size=x.shape) for _ in range(samples))
    return sum(_gradient(function, each) for each in noisy) / samples


def integrated_gradients(function, x, baseline=0.0, steps: int = 32):
    """Returns the gradient on the way from a baseline, times the way.

    It is complete: over all of an example it sums to the difference of the function
    at `x` and at the baseline, but for the error of `steps` midpoints.

    Args:
        function: See the module.
        x: Float array (batch, ...).
        baseline: The input that stands for nothing, such as a black image: a number,
            or an array that broadcasts to `x`.
        steps: Points on the way at which the gradient is taken.

    Returns:
        Float32 array of the shape of `x`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> x = np.array([[1.0, 2.0]], "float32")
        >>> found = integrated_gradients(lambda x: x[:, 0] * x[:, 1], x)
        >>> found.round(4).tolist()
        [[1.0, 1.0]]

    Reference:
        Sundararajan et al., 2017, https://arxiv.org/abs/1703.01365
    """
    check_positive_integers(steps=steps)
    x = _checked(x)
    start = np.broadcast_to(np.asarray(baseline, "float32"), x.shape)
    places = (np.arange(steps) + 0.5) / steps
    total = sum(_gradient(function, start + p * (x - start)) for p in places)
    return total / steps * (x - start)


def occlusion(function, x, size: int = 1, baseline: float = 0.0):
    """Returns by how much the value falls where a part of the input is covered.

    It needs no gradient, and calls the function once for each part.

    Args:
        function: See the module.
        x: Float array (batch, ..., channels), such as images or embedded tokens.
        size: Side of a part, in positions.
        baseline: What is put in its place.

    Returns:
        Float32 array (batch, ...): the shape of `x` without its last axis.

    Raises:
        ValueError: If an argument is out of its range, or `x` has no positions.

    Example:
        >>> x = np.array([[[1.0], [2.0], [4.0]]], "float32")
        >>> occlusion(lambda x: ops.sum(x, axis=(1, 2)), x).tolist()
        [[1.0, 2.0, 4.0]]

    Reference:
        Zeiler & Fergus, 2014, https://arxiv.org/abs/1311.2901
    """
    check_positive_integers(size=size)
    check_number("baseline", baseline)
    x = _checked(x)
    if x.ndim < 3:
        raise InvalidValue(
            "`x` must have shape (batch, ..., channels) with positions between. "
            f"Received shape: {x.shape}"
        )
    found, whole = np.zeros(x.shape[:-1], "float32"), _values(function, x)
    sides = x.shape[1:-1]
    for corner in np.ndindex(*(-(-side // size) for side in sides)):
        part = (slice(None), *(slice(size * c, size * (c + 1)) for c in corner))
        covered = x.copy()
        covered[part] = baseline
        fall = whole - _values(function, covered)
        found[part] = fall.reshape(-1, *[1] * len(sides))
    return found


def _gradient(function, x):
    x = ops.convert_to_tensor(np.asarray(x, "float32"))
    found = distribute.input_gradient(function, x)
    if found is None:
        raise InvalidValue("`function` must depend on `x`: there is no gradient.")
    return ops.convert_to_numpy(found).astype("float32")


def _values(function, x):
    found = ops.convert_to_numpy(function(ops.convert_to_tensor(x)))
    return found.reshape(len(x)).astype("float32")


def _checked(x):
    x = np.asarray(x)
    if x.ndim < 2 or x.dtype.kind != "f":
        raise InvalidValue(
            "`x` must be a float array (batch, ...). Received "
            f"{x.dtype} of shape {x.shape}"
        )
    return x.astype("float32")
