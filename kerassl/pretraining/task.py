"""The task of a run: tokenizer, model, optimizer."""

import keras

from kerassl import allowed, distribute, zoo
from kerassl.data import load_tokenizer, save_tokenizer, train_tokenizer
from kerassl.pretraining.matching import OWN_NOTES, stages
from kerassl.pretraining.recipe import LEARNING_RATE, run_recipe
from kerassl.pretraining.schedules import schedule_for
from kerassl.tokenizers import is_stored_tokenizer

# What a run's configuration holds beside its preset's sections.
NOT_OF_THE_PRESET = (
    *("seed", "examples", "reading", "data_used", *OWN_NOTES),
    *("test_data", "test_used", "validation_data", "validation_used"),
)


def own_task(task):
    """Returns a task of the user's own, compiled if it was not.

    Raises:
        ValueError: If it was made under another strategy, or could not be read back.
    """
    distribute.check_scope(task)
    # What could not be read back is told now, not after the training.
    allowed.check_config(keras.saving.serialize_keras_object(task), "the task")
    if not task.compiled:
        optimizers = {
            player: keras.optimizers.AdamW(LEARNING_RATE) for player in task.players()
        }
        several = len(optimizers) > 1
        task.compile(optimizers if several else optimizers.popitem()[1])
    return task


def parts(plan, train, stored, progress):
    """Returns the parts of a run's task, as they are when training begins.

    Args:
        plan: The run's configuration.
        train: The source to train a tokenizer on.
        stored: The folder in which the run keeps its tokenizer, or None.
        progress: Whether to show a progress bar.

    Returns:
        A `kerassl.zoo.Assembly`.
    """
    # Before the tokenizer: seeding makes TensorFlow forget SentencePiece models.
    keras.utils.set_random_seed(plan["seed"])
    tokenizer = tokenizer_for(plan, train, stored, progress)
    spec = {k: v for k, v in plan.items() if k not in NOT_OF_THE_PRESET}
    return zoo.Assembly(spec, tokenizer)


def compile_task(task, plan):
    """Compiles a task by its run's recipe, unless its user has compiled it."""
    if not task.compiled:
        task.compile(optimizer_for(run_recipe(plan), task, stages(plan)[-1]))


def tokenizer_for(plan, train, stored=None, progress=None):
    """Returns the tokenizer of a run, or None where the preset names one.

    Args:
        plan: The run's configuration.
        train: The source, that of the texts or of tokens with their tokenizer.
        stored: The folder in which the run keeps it, or None.
        progress: As in `train_tokenizer`.
    """
    section = plan.get("tokenizer")
    if section is None or "class" in section:
        return None  # the zoo loads the tokenizer that a preset names
    if stored is not None and is_stored_tokenizer(stored):
        return load_tokenizer(stored)
    own = getattr(train, "tokenizer", None)
    if own is None:
        return train_tokenizer(train, **section, out=stored, progress=progress)
    if stored is None:
        return own
    save_tokenizer(own, stored)
    return load_tokenizer(stored)


def optimizer_for(recipe, task, stage=None):
    """Returns the optimizer of a recipe, or a dict of one for each player.

    The recipe's "optimizer" is one section, or a dict of sections by player.
    A section's own learning rate goes before the recipe's.

    Args:
        recipe: The recipe of a run.
        task: The task, which knows its players.
        stage: The part of the run that is trained, as `stages` gives it; None for
            a run of one part.
    """
    if stage is None:
        (stage,) = stages({"recipe": recipe})
    section = recipe.get("optimizer", {"class": "keras.optimizers.AdamW"})
    players, every = task.players(), task.steps_per_update()
    if "class" in section and len(players) == 1:
        return _scheduled(section, recipe, stage)
    parts = dict.fromkeys(players, section) if "class" in section else section
    return {
        player: _scheduled(part, recipe, stage, every.get(player, 1))
        for player, part in parts.items()
    }


def _scheduled(section, recipe, stage, every=1):
    """Returns an optimizer with the rates of a stage.

    Args:
        section: The optimizer's part of the recipe.
        recipe: The recipe.
        stage: The part of the run.
        every: In every how many steps the optimizer updates.
    """
    rate = section.get("learning_rate", recipe.get("learning_rate", LEARNING_RATE))
    schedule = schedule_for(recipe, rate, stage, every)
    return zoo.build(section, "optimizer", learning_rate=schedule)
