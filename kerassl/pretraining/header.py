"""What a run tells of itself before it trains."""

from kerassl.pretraining.matching import stages
from kerassl.pretraining.recipe import rates, run_recipe
from kerassl.pretraining.schedules import told

# A text always has some rare characters; more unknown tokens than this are told.
TOLD_SHARE = 0.01


def header(plan, rules, train, task, lengthened=None):
    """Returns the lines that say what will be trained, and what the data changed.

    Args:
        plan: The run's configuration, fitted to its data.
        rules: The `Rules` of its recipe.
        train: The `Source` that is trained on.
        task: The task.
        lengthened: The step from which on the run is lengthened, or None.
    """
    recipe, stage = run_recipe(plan), stages(plan)[-1]
    words = [
        f"{plan['name']}: {len(train):,} {train.unit}",
        f"batch {recipe['batch_size']:,}",
        f"{recipe['steps']:,} steps",
    ]
    if "learning_rate" in recipe or "optimizer" in recipe:  # no task of one's own
        words.append(_schedule(recipe, stage))
    if lengthened is not None:
        words.append(f"goes on from step {lengthened:,} with a new schedule")
    # As read: what training a tokenizer notes is told here, resumed runs included.
    notes = plan["data_used"].get("notes", [])
    return ["; ".join(words), *changes(plan, rules, task), *notes]


def changes(plan, rules, task):
    """Returns sentences on what a run has other than its preset names, and why."""
    recipe, said = run_recipe(plan), []
    asked = plan["recipe"]["batch_size"]
    if recipe["batch_size"] != asked:
        said.append(
            f"Batch {asked:,} -> {recipe['batch_size']:,}: there are not more examples."
        )
    if rules.scaling != "none" and recipe["batch_size"] != rules.batch_size:
        said.append(
            f"The learning rate follows the batch ({rules.scaling}): the preset's is "
            f"for {rules.batch_size:,}."
        )
    wanted = plan.get("tokenizer", {}).get("vocabulary_size")
    tokenizer = getattr(task.pretext, "tokenizer", None)
    if wanted and tokenizer is not None and tokenizer.vocabulary_size() < wanted:
        said.append(
            f"Vocabulary {wanted:,} -> {tokenizer.vocabulary_size():,}: the texts do "
            "not give more."
        )
    unknown = plan.get("unknown_share", 0.0)
    if unknown > TOLD_SHARE:
        said.append(f"{unknown:.1%} of the tokens are unknown to the vocabulary.")
    return said


def _schedule(recipe, stage):
    shown = ", ".join(
        f"{rate:.3g} ({player})" if player else f"{rate:.3g}"
        for player, rate in rates(recipe).items()
    )
    warmup = stage["warmup_steps"]
    after = f" after {warmup:,} step{'s'[: warmup > 1]} of warm-up" if warmup else ""
    return f"learning rate {shown}{after}{told(recipe)}"
