"""How a learning rate goes through a run: the schedules that a recipe may name."""

from keras.optimizers import schedules

from kerassl.optimizers import Delayed, LinearWarmup


def _cosine(rate, steps, warmup):
    return schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else rate,
        decay_steps=steps,
        warmup_target=rate if warmup else None,
        warmup_steps=warmup,
    )


def _linear(rate, steps, warmup):
    falling = schedules.PolynomialDecay(rate, steps, end_learning_rate=0.0)
    return LinearWarmup(falling, warmup) if warmup else falling


def _constant(rate, steps, warmup):
    # A plain number is refused in the place of a schedule.
    same = schedules.PiecewiseConstantDecay([0], [rate, rate])
    return LinearWarmup(same, warmup) if warmup else same


# By the name in a recipe: what makes it of a rate, the steps after the warm-up and
# those of the warm-up; and how a run tells what comes after it.
SCHEDULES = {
    "cosine": (_cosine, ", falling to 0"),
    "linear": (_linear, ", falling to 0 on a line"),
    "constant": (_constant, ""),
}
DEFAULT = "cosine"


def schedule_for(recipe, rate, stage, every=1):
    """Returns the schedule of one optimizer in a stage of a run.

    Args:
        recipe: The recipe, which may name a "schedule".
        rate: The highest learning rate.
        stage: The part of the run, as `stages` gives it.
        every: In every how many steps the optimizer updates: it counts its own
            updates only.
    """
    start, warmup = stage["start"] // every, stage["warmup_steps"] // every
    make, _ = SCHEDULES[recipe.get("schedule", DEFAULT)]
    schedule = make(rate, max(1, stage["steps"] // every - start - warmup), warmup)
    return Delayed(schedule, start) if start else schedule


def told(recipe):
    """Returns how a run tells what its rate does after the warm-up."""
    return SCHEDULES[recipe.get("schedule", DEFAULT)][1]
