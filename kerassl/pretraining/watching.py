"""The examples of the user's that a run's loss is watched on while it trains."""

import numpy as np

from kerassl.data import Subset
from kerassl.data.windows import windows_for
from kerassl.errors import InvalidValue

# Watched at every line of the history, so few.
WATCHED = 256


def watched(task, source, batch_size, seed):
    """Returns the batches of validation examples that the loss is taken on, or None.

    They are the same ones at every line of the history, so that its "val_loss" is
    comparable from line to line. Nothing of the task changes by it, and a run goes
    on to the same weights with them or without.

    Args:
        task: The compiled task.
        source: The `Source` of the validation examples; None gives None.
        batch_size: Examples in a batch. Only whole batches are read, one at least;
            smaller ones where there are fewer examples.
        seed: Integer, from which masks and views are drawn.

    Returns:
        A finite `tf.data.Dataset`. None also for a task that keeps something for
        every training example, which has nothing for others.

    Raises:
        ValueError: If the task cannot be trained on such examples.
    """
    if source is None or "id" in task.reads:
        return None
    try:
        examples = windows_for(source, task.pretext)
        rows = min(len(examples), max(WATCHED, batch_size))
        order = np.random.default_rng([seed, 8]).permutation(len(examples))[:rows]
        dataset = task.dataset(
            Subset(examples, np.sort(order)),
            batch_size=max(min(batch_size, rows), task.least_examples),
            seed=seed,
        )
    except InvalidValue as error:
        raise InvalidValue(f"`validation_data`: {error}") from error
    return dataset.in_order()[0]
