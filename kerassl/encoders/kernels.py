"""At which scale the kernels of Transformer blocks start."""

import math

import keras

# The layers of a block whose output is added to its input, by KerasHub's names.
RESIDUAL = ("attention_output", "feedforward_output_dense")


def draw_kernels(encoder):
    """Draws the kernels of an encoder's Transformer blocks, at a scale for their width.

    A kernel is normal with standard deviation 1 / sqrt(inputs), so that what it
    makes of normalised states has variance 1. KerasHub draws at 0.02, BERT's and
    GPT-2's number, which is near that at width 768; at width 128 it is a quarter,
    attention and feed-forward layers then change hardly anything at first, and
    training has to grow them. In blocks that normalise their input, such as
    GPT-2's, the kernels whose output is added to the states start smaller by
    sqrt(2 * layers), so that the states do not grow with depth.

    The seeds come from `keras.utils.set_random_seed`, as an initializer's do.
    Embeddings, biases and normalisation layers keep what they have.

    Args:
        encoder: A built `keras.Model`. Other blocks than
            `keras_hub.layers.TransformerEncoder` and `TransformerDecoder` are left
            as they are.

    Returns:
        The number of kernels that were drawn.

    Example:
        >>> import keras_hub
        >>> encoder = keras_hub.models.BertBackbone(30, 1, 2, 64, 128)
        >>> draw_kernels(encoder)
        6
        >>> kernel = encoder.transformer_layers[0]._feedforward_intermediate_dense
        >>> round(float(keras.ops.std(kernel.kernel)), 1)
        0.1

    Reference:
        Radford et al., 2019, Language Models are Unsupervised Multitask Learners,
        section 2.3, for the kernels before an addition
    """
    import keras_hub

    kinds = (keras_hub.layers.TransformerEncoder, keras_hub.layers.TransformerDecoder)
    parts = encoder._flatten_layers(include_self=False)
    blocks = [part for part in parts if isinstance(part, kinds)]
    drawn = 0
    for block in blocks:
        shrink = math.sqrt(2 * len(blocks)) if block.normalize_first else 1.0
        for layer, kernel in _kernels(block):
            scale = 1 / shrink if layer.name in RESIDUAL else 1.0
            stddev = scale / math.sqrt(_inputs(layer, kernel.shape))
            draw = keras.initializers.RandomNormal(stddev=stddev)
            if kernel._value is None:
                # In a scope that leaves values out: Keras draws them later.
                kernel._initializer = draw
            else:
                kernel.assign(draw(kernel.shape, dtype=kernel.dtype))
            drawn += 1
    return drawn


def _kernels(block):
    """Yields the dense layers of a block and their kernels, but for quantised ones."""
    for layer in block._flatten_layers():
        if isinstance(layer, keras.layers.Dense | keras.layers.EinsumDense):
            # With LoRA `layer.kernel` is a sum and no variable.
            (kernel,) = (v for v in layer.variables if v.name == "kernel")
            if "float" in kernel.dtype:
                yield layer, kernel


def _inputs(layer, shape):
    """Returns how many numbers each output of a dense layer is a sum over."""
    if isinstance(layer, keras.layers.Dense):
        return shape[0]
    terms, output = layer.equation.split("->")
    axes = zip(terms.split(",")[1], shape, strict=True)
    return math.prod(size for axis, size in axes if axis not in output)
