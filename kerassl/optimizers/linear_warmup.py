"""A schedule that another one begins with."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerassl")
class LinearWarmup(keras.optimizers.schedules.LearningRateSchedule):
    """Rises to the first rate of a schedule, then follows it.

    Args:
        schedule: A `keras.optimizers.schedules.LearningRateSchedule`.
        warmup_steps: Steps in which the rate rises from 0 on a line, 1 or more.

    Example:
        >>> schedules = keras.optimizers.schedules
        >>> falling = schedules.PolynomialDecay(1.0, 4, end_learning_rate=0.0)
        >>> [float(LinearWarmup(falling, 2)(step)) for step in (0, 1, 2, 4, 6)]
        [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    def __init__(self, schedule, warmup_steps: int):
        self.schedule = schedule
        self.warmup_steps = warmup_steps

    def __call__(self, step):
        rising = ops.cast(step, "float32") / self.warmup_steps
        rest = ops.maximum(step - self.warmup_steps, 0)
        return ops.minimum(rising, 1.0) * self.schedule(rest)

    def get_config(self):
        return {
            "schedule": keras.saving.serialize_keras_object(self.schedule),
            "warmup_steps": self.warmup_steps,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        schedule = keras.saving.deserialize_keras_object(
            config["schedule"], custom_objects=custom_objects
        )
        return cls(schedule, config["warmup_steps"])
