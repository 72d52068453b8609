"""Several kinds of features of one encoder, computed in one pass.

An average over the last map throws away where things are, and the last layer of a
network is made for its own training task: a linear probe may do better on other
layers of the same encoder. Which are there is read off its graph.
"""

import keras
from keras import ops

from kerassl.encoders.pooling import ends, pool
from kerassl.errors import InvalidValue

FEATURES = ("pooled", "map", "last layers", "first and mean")
# Wider features than these cost a probe more than they are known to bring.
MOST_DIM = 4096
# How many stages "last layers" puts side by side.
STAGES = 3


def feature_sets(encoder, pooling="auto", features="auto"):
    """Returns a model from the encoder's inputs to several features by name.

    - "pooled": what `feature_model` gives;
    - "map": the last feature map, averaged over its four quarters and flattened,
      where the encoder has one of more than one position;
    - "last layers": the last three stages, each averaged over positions, side by
      side. A stage is a size of feature map or a layer of a vector; of a sequence
      it is one of its last two blocks;
    - "first and mean": of a sequence, its first token beside the mean of all.

    The model shares the encoder's weights.

    Args:
        encoder: A functional `keras.Model`.
        pooling: As in `kerassl.encoders.pool`.
        features: "auto" for "pooled" and all others that the encoder has of at most
            4,096 dims, a name, or a list of names.

    Returns:
        A `keras.Model` whose output is a dict of float32 tensors (batch, dim).

    Raises:
        ValueError: If the encoder lacks features that were named.

    Example:
        >>> from kerassl import encoders
        >>> encoder = encoders.resnet((8, 8, 1), depths=(1, 1), widths=(4, 8))
        >>> found = feature_sets(encoder).output
        >>> found["pooled"].shape, found["last layers"].shape
        ((None, 8), (None, 12))
    """
    inputs, outputs, mask = ends(encoder)
    found = {"pooled": pool(outputs, mask, pooling), **_others(outputs, mask)}
    if features == "auto":
        found = {
            name: each
            for name, each in found.items()
            if name == "pooled" or (each.shape[-1] or MOST_DIM + 1) <= MOST_DIM
        }
    else:
        asked = [features] if isinstance(features, str) else list(features)
        _check(asked, found)
        found = {name: found[name] for name in asked}
    whole = keras.layers.Activation("linear", dtype="float32")
    vectors = {
        name: each if each.dtype == "float32" else whole(each)
        for name, each in found.items()
    }
    return keras.Model(inputs, vectors, name=f"{encoder.name}_feature_sets")


def _check(asked, found):
    lacking = [name for name in asked if name not in found]
    if lacking:
        raise InvalidValue(
            f"`features` must be some that the encoder has, {list(found)}. "
            f"Received: {lacking[0]!r}"
        )


def _others(outputs, mask):
    """Returns {name: tensor} of what the encoder has beside its pooled output."""
    final = outputs["sequence_output"] if isinstance(outputs, dict) else outputs
    tensors = _tensors(final)
    if len(final.shape) == 3:
        return _of_sequence(final, tensors, mask)
    found = {}
    maps = [tensor for _, tensor in tensors if _is_map(tensor)]
    if maps:
        found["map"] = _quarters(maps[-1])
    stages = _stages(tensors)[-STAGES:]
    if len(stages) > 1:
        found["last layers"] = _beside(pool(stage) for stage in stages)
    return found


def _of_sequence(final, tensors, mask):
    mean = pool(final, mask, "mean")
    found = {"first and mean": _beside([pool(final, pooling="cls"), mean])}
    blocks = [
        tensor
        for kernel, tensor in tensors
        if kernel and tensor.shape[1:] == final.shape[1:]
    ]
    if len(blocks) > 1:
        found["last layers"] = _beside([pool(blocks[-2], mask, "mean"), mean])
    return found


def _tensors(outputs):
    """Returns [(whether the operation has a kernel, its output)] up the graph."""
    found = []
    for tensor in _up_to(outputs):
        operation = tensor._keras_history.operation
        if not isinstance(operation, keras.layers.InputLayer):
            weights = getattr(operation, "weights", ())
            found.append((any(len(w.shape) > 1 for w in weights), tensor))
    return found


def _up_to(outputs):
    """Returns the symbolic tensors that outputs are made of, each after its own.

    Layers may stand in other graphs too, so it is not enough to ask each for its
    output.
    """
    done: dict[int, object] = {}
    waiting = list(keras.tree.flatten(outputs))
    while waiting:
        history = waiting[-1]._keras_history
        node = history.operation._inbound_nodes[history.node_index]
        new = [each for each in node.input_tensors if id(each) not in done]
        if new:
            waiting += new
            continue
        tensor = waiting.pop()
        done[id(tensor)] = tensor
    return list(done.values())


def _stages(tensors):
    """Returns the last tensor of each size of map, and of each layer of a vector."""
    stages: dict[tuple, object] = {}
    layer = None
    for kernel, tensor in tensors:
        if kernel:
            layer = ("vector", len(stages)) if len(tensor.shape) == 2 else None
        if _is_map(tensor):
            size = tuple(tensor.shape[1:3])
            stages.pop(size, None)  # the order is that of the last tensors
            stages[size] = tensor
        elif len(tensor.shape) == 2 and layer:
            stages[layer] = tensor
    return list(stages.values())


def _is_map(tensor):
    sizes = tensor.shape[1:3]
    return len(tensor.shape) == 4 and None not in sizes and sizes[0] * sizes[1] > 1


def _quarters(tensor):
    """Returns the means of the quarters of a map; odd ones share the middle line."""
    height, width = tensor.shape[1:3]
    means = [
        ops.mean(tensor[:, top, left], axis=(1, 2))
        for top in _halves(height)
        for left in _halves(width)
    ]
    return _beside(means)  # (batch, 4 * channels)


def _halves(size):
    if size == 1:
        return [slice(0, 1)]
    return [slice(0, (size + 1) // 2), slice(size // 2, size)]


def _beside(vectors):
    return ops.concatenate(list(vectors), axis=-1)
