import keras
import numpy as np
import pytest

from kerassl.optimizers.lars import LARS


def reference_steps(kernel, bias, gradients, lr, momentum, decay, trust):
    kernel, bias = kernel.astype("float64"), bias.astype("float64")
    kernel_v, bias_v = np.zeros_like(kernel), np.zeros_like(bias)
    for kernel_g, bias_g in gradients:
        update = kernel_g + decay * kernel
        ratio = trust * np.linalg.norm(kernel) / np.linalg.norm(update)
        kernel_v = momentum * kernel_v + lr * ratio * update
        kernel = kernel - kernel_v
        bias_v = momentum * bias_v + lr * bias_g
        bias = bias - bias_v
    return kernel, bias


def problem():
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(3, 2)).astype("float32")
    bias = rng.normal(size=2).astype("float32")
    gradients = [
        (
            rng.normal(size=(3, 2)).astype("float32"),
            rng.normal(size=2).astype("float32"),
        )
        for _ in range(5)
    ]
    return kernel, bias, gradients


def apply_steps(optimizer, variables, gradients):
    optimizer.build(variables)
    for step in gradients:
        step = [keras.ops.convert_to_tensor(g) for g in step]
        if keras.backend.backend() == "jax":
            values, state = optimizer.stateless_apply(
                [v.value for v in optimizer.variables],
                step,
                [v.value for v in variables],
            )
            for variable, value in zip(
                [*variables, *optimizer.variables], [*values, *state], strict=True
            ):
                variable.assign(value)
        else:
            optimizer.apply(step, variables)


def test_matches_reference_over_steps():
    kernel, bias, gradients = problem()
    variables = [keras.Variable(kernel), keras.Variable(bias)]
    optimizer = LARS(0.5, momentum=0.8, weight_decay=0.1, trust_coefficient=0.01)
    apply_steps(optimizer, variables, gradients)
    expected = reference_steps(kernel, bias, gradients, 0.5, 0.8, 0.1, 0.01)
    for variable, value in zip(variables, expected, strict=True):
        np.testing.assert_allclose(variable.numpy(), value, rtol=1e-5)


def test_vectors_may_have_a_rate_of_their_own():
    kernel, bias, gradients = problem()
    plain, slow = ([keras.Variable(kernel), keras.Variable(bias)] for _ in range(2))
    apply_steps(LARS(0.5), plain, gradients)
    apply_steps(LARS(0.5, vector_rate=0.1), slow, gradients)
    np.testing.assert_array_equal(slow[0].numpy(), plain[0].numpy())
    moved = [variables[1].numpy() - bias for variables in (plain, slow)]
    np.testing.assert_allclose(moved[1], 0.1 * moved[0], rtol=1e-4)
    assert LARS.from_config(LARS(vector_rate=0.1).get_config()).vector_rate == 0.1
    with pytest.raises(ValueError, match="`vector_rate` must be 0 or more"):
        LARS(vector_rate=-1.0)


def test_step_length_is_relative_to_the_weights():
    kernel, bias, gradients = problem()
    for scale in (1.0, 1000.0):
        variable = keras.Variable(kernel)
        optimizer = LARS(1.0, momentum=0.0, weight_decay=0.0, trust_coefficient=0.1)
        apply_steps(optimizer, [variable], [[scale * gradients[0][0]]])
        moved = np.linalg.norm(variable.numpy() - kernel)
        np.testing.assert_allclose(moved, 0.1 * np.linalg.norm(kernel), rtol=1e-5)


def test_zero_weights_and_zero_gradients_stay_finite():
    zeros = np.zeros((2, 2), "float32")
    variable = keras.Variable(zeros)
    apply_steps(LARS(0.1, momentum=0.0), [variable], [[zeros]])
    np.testing.assert_array_equal(variable.numpy(), zeros)
    apply_steps(LARS(0.1, momentum=0.0), [variable], [[zeros + 1]])
    np.testing.assert_allclose(variable.numpy(), zeros - 0.1)


def test_schedule_and_fit_in_graph():
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, 20, warmup_target=0.1, warmup_steps=5
    )
    model.compile(LARS(schedule, trust_coefficient=1.0), loss="mse")
    losses = model.fit(x, x @ np.ones((4, 1)), epochs=10, verbose=0).history["loss"]
    assert losses[-1] < 0.1 * losses[0]


def test_config_round_trip():
    optimizer = LARS(0.2, momentum=0.7, weight_decay=0.3, trust_coefficient=0.02)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is LARS
    assert again.get_config() == optimizer.get_config()


@pytest.mark.parametrize(
    "arguments",
    [{"momentum": 1.0}, {"weight_decay": -1.0}, {"trust_coefficient": 0.0}],
)
def test_errors_name_the_argument(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        LARS(**arguments)
