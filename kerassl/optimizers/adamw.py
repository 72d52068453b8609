"""AdamW that leaves some variables without weight decay."""

import keras

from kerassl.errors import InvalidValue

# Stands for all biases, and the scales and offsets of normalisation layers.
VECTORS = "vectors"


@keras.saving.register_keras_serializable(package="kerassl")
class AdamW(keras.optimizers.AdamW):
    """AdamW whose weight decay spares variables that a recipe can name.

    Decay pulls towards zero. That is meant for matrices; a scale of a layer
    normalisation belongs near one, and BERT, GPT and their followers decay no
    bias and no normalisation. Keras's AdamW decays everything, unless
    `exclude_from_weight_decay` is called on it; that call is not stored with it,
    so training goes on otherwise after loading. Here the rule is an argument, and
    part of the configuration.

    Args:
        learning_rate: Float, a schedule, or a callable.
        weight_decay: Decoupled decay, 0 or above.
        exclude_from_decay: List of what is spared. `"vectors"` stands for the
            variables of rank 0 and 1 and those called `bias`, which in an
            attention layer have rank 2. Any other entry is a word of variables'
            paths, such as `"embedding"`.
        name: Optimizer name.
        **kwargs: Of `keras.optimizers.AdamW`, such as `beta_2`.

    Raises:
        ValueError: If `exclude_from_decay` is no list of words or, when the
            variables are known, one of its words is in no variable's path.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> model.compile(AdamW(1e-3, weight_decay=0.01), loss="mse")

    Reference:
        Loshchilov and Hutter, 2017, https://arxiv.org/abs/1711.05101
    """

    def __init__(
        self,
        learning_rate=0.001,
        weight_decay: float = 0.004,
        exclude_from_decay=(VECTORS,),
        name: str = "adamw",
        **kwargs,
    ):
        super().__init__(learning_rate, weight_decay=weight_decay, name=name, **kwargs)
        self.exclude_from_decay = _words(exclude_from_decay)
        self._spared: frozenset = frozenset()

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        for word in self.exclude_from_decay:
            if word != VECTORS and not any(_is_spared(v, [word]) for v in variables):
                raise InvalidValue(
                    "`exclude_from_decay` must name words of variables' paths, such "
                    f"as {variables[0].path!r}. Received: {word!r}, which is in none"
                )
        spared = [v for v in variables if _is_spared(v, self.exclude_from_decay)]
        self._spared = frozenset(self._var_key(v) for v in spared)

    def _use_weight_decay(self, variable):
        # TensorFlow hands over its own variables, which know no path.
        if self._var_key(variable) in self._spared:
            return False
        return super()._use_weight_decay(variable)

    def get_config(self):
        return {
            **super().get_config(),
            "exclude_from_decay": list(self.exclude_from_decay),
        }


def _words(given):
    words = [] if given is None else given
    if not isinstance(words, list | tuple) or not all(
        isinstance(word, str) and word for word in words
    ):
        raise InvalidValue(
            "`exclude_from_decay` must be a list of words, such as ['vectors', "
            f"'embedding']. Received: {given!r}"
        )
    return tuple(words)


def _is_spared(variable, words):
    if VECTORS in words and (
        len(variable.shape) < 2 or variable.path.split("/")[-1] == "bias"
    ):
        return True
    return any(word in variable.path for word in words if word != VECTORS)
