"""Layer-wise adaptive rate scaling, the optimizer of large-batch pretraining."""

import keras
from keras import ops

from kerassl.checks import check_number, check_rate


@keras.saving.register_keras_serializable(package="kerassl")
class LARS(keras.optimizers.Optimizer):
    """Momentum SGD whose step is proportional to each layer's weight norm.

    For a weight `w` with gradient `g`:

        u = g + weight_decay * w
        v = momentum * v + learning_rate * (trust * norm(w) / norm(u)) * u
        w = w - v

    Biases and the scales and offsets of normalisation layers (all variables
    of rank 0 or 1) take a plain momentum step: no decay, no adaptation. As in
    SimCLR's practice the norm below the fraction is that of the decayed
    gradient, where the paper adds the two norms. The decay belongs to the
    adapted update, so it is not Keras's decoupled one.

    Args:
        learning_rate: Float above 0, a schedule, or a callable. SimCLR takes
            0.3 * batch / 256 for `trust_coefficient` 0.001.
        momentum: Fraction of the last update kept, in [0, 1).
        weight_decay: L2 coefficient, 0 or above.
        trust_coefficient: Relative size of a step at `learning_rate` 1, above 0.
        exclude_vectors: Spare variables of rank 0 and 1 decay and adaptation.
        vector_rate: What the learning rate is multiplied by for variables of rank
            0 and 1, 0 or above. Barlow Twins takes 0.024.
        name: Optimizer name.
        **kwargs: Of `keras.optimizers.Optimizer`, such as `clipnorm`.

    Raises:
        ValueError: If an argument lies outside its range.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> model.compile(LARS(0.3, weight_decay=1e-6), loss="mse")

    Reference:
        You et al., 2017, https://arxiv.org/abs/1708.03888;
        Chen et al., 2020, appendix B.6, https://arxiv.org/abs/2002.05709
    """

    def __init__(
        self,
        learning_rate=0.3,
        momentum: float = 0.9,
        weight_decay: float = 1e-6,
        trust_coefficient: float = 0.001,
        exclude_vectors: bool = True,
        vector_rate: float = 1.0,
        name: str = "lars",
        **kwargs,
    ):
        check_rate(learning_rate)
        check_number("momentum", momentum, least=0, below=1)
        weight_decay = 0.0 if weight_decay is None else weight_decay
        check_number("weight_decay", weight_decay, least=0)
        check_number("trust_coefficient", trust_coefficient, above=0)
        check_number("vector_rate", vector_rate, least=0)
        super().__init__(learning_rate, weight_decay=weight_decay, name=name, **kwargs)
        self.momentum = momentum
        self.trust_coefficient = trust_coefficient
        self.exclude_vectors = exclude_vectors
        self.vector_rate = vector_rate

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.velocities = self.add_optimizer_variables(variables, "velocity")

    def _use_weight_decay(self, variable):
        # Keras's own decay comes beside `update_step`; ours is a part of it.
        return False

    def update_step(self, gradient, variable, learning_rate):
        dtype = variable.dtype
        velocity = self.velocities[self._get_variable_index(variable)]
        step = ops.cast(learning_rate, dtype)
        update = ops.cast(ops.convert_to_tensor(gradient), dtype)
        if len(variable.shape) < 2:
            step = step * ops.cast(self.vector_rate, dtype)
        if len(variable.shape) > 1 or not self.exclude_vectors:
            update = update + variable * ops.cast(self.weight_decay, dtype)
            step = step * self._trust_ratio(variable, update)
        self.assign(
            velocity,
            velocity * ops.cast(self.momentum, dtype) + step * update,
        )
        self.assign_sub(variable, velocity)

    def _trust_ratio(self, variable, update):
        weight_norm = ops.sqrt(ops.sum(ops.square(variable)))
        update_norm = ops.sqrt(ops.sum(ops.square(update)))
        defined = ops.logical_and(weight_norm > 0, update_norm > 0)
        ratio = (
            ops.cast(self.trust_coefficient, update.dtype)
            * weight_norm
            / ops.where(defined, update_norm, ops.ones_like(update_norm))
        )
        return ops.where(defined, ratio, ops.ones_like(ratio))

    def get_config(self):
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "trust_coefficient": self.trust_coefficient,
            "exclude_vectors": self.exclude_vectors,
            "vector_rate": self.vector_rate,
        }
