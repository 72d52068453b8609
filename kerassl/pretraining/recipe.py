"""From a preset's recipe to the numbers of one run: batch, rate, warm-up.

A preset says how its numbers follow the length of a run and its batch. A run
stores the numbers that came of it, so that it stays what it was when a preset
changes.
"""

import dataclasses
import math

from kerassl.errors import InvalidValue

# Of Keras's AdamW, where a recipe names no rate.
LEARNING_RATE = 1e-3
# What a rate is multiplied by where the batch is so many times the preset's.
SCALINGS = {"linear": lambda ratio: ratio, "sqrt": math.sqrt, "none": lambda ratio: 1.0}


@dataclasses.dataclass(frozen=True)
class Rules:
    """How the numbers of a recipe follow from steps and batch.

    Attributes:
        recipe: The recipe before the rules, with the run's steps.
        batch_size: The batch that the recipe's rates are meant for.
        warmup: Share of the steps, or None where the recipe gives their number.
        scaling: A key of `SCALINGS`.
        may_shrink: Whether a small data set may make the batch smaller, which is
            where nobody asked for this batch.
    """

    recipe: dict
    batch_size: int
    warmup: float | None
    scaling: str
    may_shrink: bool

    @classmethod
    def of(cls, recipe, batch_size, overrides, may_shrink):
        """Returns the rules of a recipe; numbers that a user gives are kept.

        Args:
            recipe: The recipe with the run's steps and batch.
            batch_size: The batch that the preset names.
            overrides: What the user changed, a dict with dotted keys.
            may_shrink: As the attribute.
        """
        recipe = dict(recipe)
        warmup = recipe.pop("warmup", None)
        scaling = recipe.pop("rate_scaling", "none")
        if any(key.endswith(".learning_rate") for key in overrides):
            scaling = "none"
        return cls(recipe, batch_size, warmup, scaling, may_shrink)

    def resolve(self, batch_size):
        """Returns the recipe of a run with this batch, numbers alone."""
        recipe = {**self.recipe, "batch_size": batch_size}
        if self.warmup is not None:
            steps = recipe["steps"]
            recipe["warmup_steps"] = min(round(self.warmup * steps), steps - 1)
        check_warmup(recipe.get("warmup_steps", 0), recipe["steps"])
        factor = SCALINGS[self.scaling](batch_size / self.batch_size)
        return recipe if factor == 1.0 else _scaled(recipe, factor)

    def fit(self, num_examples, unit):
        """Returns what a small data set changes, {} where nothing.

        Args:
            num_examples: How many there are to train on.
            unit: What they are called, in the plural.

        Raises:
            ValueError: If the batch that was asked for is larger.
        """
        batch_size = self.recipe["batch_size"]
        if num_examples >= batch_size:
            return {}
        if not self.may_shrink:
            raise InvalidValue(
                f"`batch_size` is {batch_size}, but there are only {num_examples} "
                f"{unit}. Choose a smaller batch size or give more data."
            )
        before = self.resolve(batch_size)
        after = self.resolve(1 << (num_examples.bit_length() - 1))
        return {key: value for key, value in after.items() if value != before[key]}


def check_warmup(warmup_steps, steps):
    """Raises where a run would end before its warm-up does."""
    if warmup_steps >= steps and warmup_steps:
        raise InvalidValue(
            f"`recipe.warmup_steps` must be below the number of steps, {steps}. "
            f"Received: {warmup_steps}. `recipe.warmup` gives it as a share of them."
        )


def run_recipe(plan):
    """Returns the recipe of a run, with what its data have changed."""
    return {**plan["recipe"], **plan.get("fitted", {})}


def rates(recipe):
    """Returns the learning rate of each section of a recipe's optimizers.

    Args:
        recipe: The recipe of a run.

    Returns:
        Dict by player, with the key "" where there is one section for all.
    """
    section = recipe.get("optimizer", {})
    parts = {"": section} if "class" in section or not section else section
    fallback = recipe.get("learning_rate", LEARNING_RATE)
    return {name: part.get("learning_rate", fallback) for name, part in parts.items()}


def _scaled(recipe, factor):
    """Returns a recipe whose every learning rate is multiplied."""

    def scaled(values):
        if not isinstance(values, dict):
            return values
        found = {key: scaled(value) for key, value in values.items()}
        rate = found.get("learning_rate")
        if isinstance(rate, int | float):
            # Six digits: a rate is read by people.
            found["learning_rate"] = float(f"{rate * factor:.6g}")
        return found

    recipe.setdefault("learning_rate", LEARNING_RATE)
    return scaled(recipe)
