"""A schedule that begins later, and what trains on after one has ended."""

import keras
from keras import ops

from kerassl.optimizers.linear_warmup import LinearWarmup


@keras.saving.register_keras_serializable(package="kerassl")
class Delayed(keras.optimizers.schedules.LearningRateSchedule):
    """A learning-rate schedule counted from a later step on.

    A run that is lengthened goes on with its optimizer, whose count of steps goes
    on too; the new part of the run has a schedule of its own.

    Args:
        schedule: A `keras.optimizers.schedules.LearningRateSchedule`.
        start: The step that the schedule takes for its step 0, 0 or more. Before
            it, the rate is that of step 0.

    Example:
        >>> schedules = keras.optimizers.schedules
        >>> half = schedules.PolynomialDecay(1.0, 10, end_learning_rate=0.0)
        >>> [float(Delayed(half, start=100)(step)) for step in (100, 105, 110)]
        [1.0, 0.5, 0.0]
    """

    def __init__(self, schedule, start: int):
        self.schedule = schedule
        self.start = start

    def __call__(self, step):
        return self.schedule(ops.maximum(step - self.start, 0))

    def get_config(self):
        return {
            "schedule": keras.saving.serialize_keras_object(self.schedule),
            "start": self.start,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        schedule = keras.saving.deserialize_keras_object(
            config["schedule"], custom_objects=custom_objects
        )
        return cls(schedule, config["start"])


def keep_rate(optimizer):
    """Lets an optimizer whose schedule has ended train on, at its highest rate.

    What it knows of the gradients so far stays, so no warm-up is needed. An
    optimizer with a rate of its own, not a schedule, stays as it is.

    Args:
        optimizer: A Keras optimizer, or the one of several players.

    Example:
        >>> schedule = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=5)
        >>> optimizer = keras.optimizers.SGD(schedule)
        >>> keep_rate(optimizer)
        >>> float(optimizer._learning_rate(1000))
        0.10000000149011612
    """
    for part in getattr(optimizer, "optimizers", {"": optimizer}).values():
        part = getattr(part, "inner_optimizer", part)
        rate = _highest(part._learning_rate)
        if rate is not None:
            # A plain number is refused in the place of a schedule.
            part.learning_rate = keras.optimizers.schedules.PiecewiseConstantDecay(
                [0], [rate, rate]
            )


def _highest(schedule):
    """Returns the highest rate of a schedule that a recipe makes, else None."""
    if isinstance(schedule, Delayed | LinearWarmup):
        return _highest(schedule.schedule)
    if isinstance(schedule, keras.optimizers.schedules.PolynomialDecay):
        return schedule.initial_learning_rate
    if isinstance(schedule, keras.optimizers.schedules.CosineDecay):
        return schedule.warmup_target or schedule.initial_learning_rate
    return None
