"""Adagrad with one rate a row, for tables of which a step reads few rows."""

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_number, check_rate


@keras.saving.register_keras_serializable(package="kerassl")
class RowAdagrad(keras.optimizers.Optimizer):
    """Adagrad that adapts the rate of each row of a table, not of each weight.

    For row i of a variable, with the gradient g_i of dimension d:

        a_i = a_i + mean(g_i ** 2), from `initial_accumulator_value` on
        w_i = w_i - learning_rate * g_i / (sqrt(a_i) + epsilon)

    A row of an embedding that is read often gets smaller steps, so that large
    batches, which sum many gradients of a frequent word, do not diverge. The
    state is one number a row. With TensorFlow, rows that a step has not read cost
    nothing, whatever the size of the table.

    From 0 on, the steps do not depend on the scale of the loss, and a row's first one
    is as large as the rate, however little its gradient says: rare rows stay noisy.
    From a value above 0 on, a row moves by the size of its gradients until their
    squares have grown beyond it. Where the loss is a mean over p pairs, (1 / p) ** 2
    is about the square of one pair's gradient.

    Args:
        learning_rate: Float above 0, a schedule, or a callable: the root mean
            square of a row's first step, where `initial_accumulator_value` is 0.
        initial_accumulator_value: Float, 0 or more, in squared units of a gradient.
        epsilon: Float above 0, far below the size of a gradient.
        name: Optimizer name.
        **kwargs: Of `keras.optimizers.Optimizer`.

    Raises:
        ValueError: If `epsilon` is not above 0, or `initial_accumulator_value` below
            0.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Embedding(9, 2)])
        >>> model.compile(RowAdagrad(0.05), loss="mse")

    Reference:
        Duchi et al., 2011, https://jmlr.org/papers/v12/duchi11a.html
    """

    # Several replicas exchange the rows that they read, not whole tables.
    by_rows = True

    def __init__(
        self,
        learning_rate=0.05,
        epsilon: float = 1e-12,
        initial_accumulator_value: float = 0.0,
        name="row_adagrad",
        **kwargs,
    ):
        check_rate(learning_rate)
        check_number("epsilon", epsilon, above=0)
        check_number("initial_accumulator_value", initial_accumulator_value, least=0)
        super().__init__(learning_rate, name=name, **kwargs)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self._sums = [
            self.add_variable(
                variable.shape[:1],
                initializer=keras.initializers.Constant(self.initial_accumulator_value),
                dtype="float32",
                name=f"{variable.name}_sum",
            )
            for variable in variables
        ]

    def update_step(self, gradient, variable, learning_rate):
        sums = self._sums[self._get_variable_index(variable)]
        rows, gradient = distribute.rows_of(gradient)
        gradient = ops.cast(gradient, "float32")
        square = ops.square(gradient)
        if len(gradient.shape) > 1:
            square = ops.mean(square, axis=tuple(range(1, len(gradient.shape))))
        self.assign_add(sums, distribute.as_rows(square, rows, sums))
        sums = sums if rows is None else distribute.lookup(sums, rows)
        step = ops.cast(learning_rate, "float32") / (ops.sqrt(sums) + self.epsilon)
        step = ops.reshape(step, (-1, *(1 for _ in gradient.shape[1:])))
        self.assign_sub(variable, distribute.as_rows(step * gradient, rows, variable))

    def get_config(self):
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "initial_accumulator_value": self.initial_accumulator_value,
        }
