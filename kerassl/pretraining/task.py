"""The task of a run: tokenizer, model, optimizer."""

import keras

from kerassl import models, zoo
from kerassl.data import load_tokenizer, save_tokenizer, train_tokenizer
from kerassl.data.tokenizers import is_stored_tokenizer
from kerassl.errors import InvalidValue
from kerassl.pretraining.examples import prepared

# What a run's configuration holds beside its preset's sections.
NOT_OF_THE_PRESET = ("seed", "examples", "reading", "data_used")


def make_task(preset_or_task, plan, train, stored, progress):
    """Returns the task, compiled, at the state in which training begins."""
    if isinstance(preset_or_task, models.PretextModel):
        task = preset_or_task
        if not task.compiled:
            optimizers = {p: keras.optimizers.AdamW(1e-3) for p in task.players()}
            several = len(optimizers) > 1
            task.compile(optimizers if several else optimizers.popitem()[1])
        return task
    # Before the tokenizer: seeding makes TensorFlow forget SentencePiece models.
    keras.utils.set_random_seed(plan["seed"])
    tokenizer = tokenizer_for(plan, train, stored, progress)
    spec = {k: v for k, v in plan.items() if k not in NOT_OF_THE_PRESET}
    task = zoo.load(spec, tokenizer=tokenizer)
    task.compile(optimizer_for(plan["recipe"], task))
    return task


def check_shape(task, train):
    """Raises where the encoder cannot take what the pretext layer makes."""
    made = prepared(task.pretext, train, limit=1)
    taken = task.encoder.input_shape
    if not isinstance(taken, tuple) or not hasattr(made, "shape"):
        return  # several inputs, by name
    made, taken = made.shape[1:], taken[1:]
    if len(made) != len(taken) or any(
        size not in (None, length) for size, length in zip(taken, made, strict=True)
    ):
        raise InvalidValue(
            f"The encoder takes examples of shape {taken}. Received from the pretext "
            f"layer: {made}. Change the sections `encoder` and `pretext` together."
        )


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


def optimizer_for(recipe, task):
    """Returns the optimizer of a recipe, or a dict of one for each player.

    The recipe's "optimizer" is one section, or a dict of sections by player.
    A section's own learning rate goes before the recipe's.
    """
    section = recipe.get("optimizer", {"class": "keras.optimizers.AdamW"})
    players, every = task.players(), task.steps_per_update()
    if "class" in section and len(players) == 1:
        return _scheduled(section, recipe)
    parts = dict.fromkeys(players, section) if "class" in section else section
    return {
        player: _scheduled(part, recipe, every.get(player, 1))
        for player, part in parts.items()
    }


def _scheduled(section, recipe, every=1):
    """Returns an optimizer whose rate falls to 0 in a run's last step.

    Args:
        section: The optimizer's part of the recipe.
        recipe: The recipe.
        every: In every how many steps the optimizer updates: it counts its own
            updates only.
    """
    rate = section.get("learning_rate", recipe.get("learning_rate", 1e-3))
    warmup = recipe.get("warmup_steps", 0) // every
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else rate,
        decay_steps=max(1, recipe["steps"] // every - warmup),
        warmup_target=rate if warmup else None,
        warmup_steps=warmup,
    )
    return zoo.build(section, learning_rate=schedule)
