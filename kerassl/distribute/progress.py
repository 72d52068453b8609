"""How far a model has been trained, and whether it will be further."""

import keras

from kerassl.distribute.backend import BACKEND
from kerassl.errors import InvalidValue

# A learning rate of 0 that stays so for 2 ** 23 steps is taken for the end.
AHEAD = 24


def read_state(model):
    """Makes the variables of `model` hold what training has reached.

    With JAX, `fit` keeps the state outside the variables until it ends; call
    this before reading them in a callback.
    """
    if BACKEND == "jax":
        model.jax_state_sync()


def steps_done(model):
    """Returns how many steps the optimizer of `model` has counted, an int."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    count = optimizer.iterations
    if optimizer.gradient_accumulation_steps:
        # Its `iterations` are the updates, of which there are fewer.
        count = optimizer._iterations
    return plain_integer(count)


def plain_integer(variable):
    # A variable with a copy on each replica is not one that int() takes.
    return int(variable.numpy() if hasattr(variable, "numpy") else variable)


def check_learning_rates(optimizer):
    """Raises ValueError where a schedule has ended at 0 and nothing would move.

    A warm-up begins at 0 too, but rises. A rate of 0 that is a plain number was
    asked for.

    Args:
        optimizer: A built optimizer, or `PlayerOptimizers`.
    """
    optimizers = getattr(optimizer, "optimizers", {"": optimizer})
    for player, optimizer in optimizers.items():
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        schedule = optimizer._learning_rate
        if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            continue
        step = plain_integer(optimizer._iterations)
        # Now, at the next steps, and ever further away.
        ahead = (step, *(step + 2**power for power in range(AHEAD)))
        if any(float(schedule(later)) > 0 for later in ahead):
            continue
        whose = f" of {player!r}" if player else ""
        raise InvalidValue(
            f"The learning rate{whose} is {float(schedule(step)):g} at step {step} and "
            "does not rise any more: its schedule has ended, and nothing would be "
            "learnt. To go on training, compile anew with `task.compile(...)`."
        )
