"""What explanations of an encoder have in common: a table, a picture, a control."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerassl.transfer.copies import random_copy
from kerassl.transfer.measure import Result
from kerassl.transfer.random_control import calibrate, open_branches

RANDOM = "random network"
AGREEMENT = "agreement with random network"


@dataclass(frozen=True)
class Explanation:
    """A picture of what an encoder does with some examples, and its figures.

    Attributes:
        rows: List of dicts in JSON's types, one for each example.
        caption: What is shown, and what to make of it.
        draw: Function without arguments that returns the figure.

    Example:
        >>> found = Explanation([{"example": "a.png", "sum": 0.5}], "Maps.", lambda: 0)
        >>> print(found.to_markdown().splitlines()[-1])
        | a.png | 0.500 |
    """

    rows: list[dict]
    caption: str
    draw: Callable[[], Any]

    def to_markdown(self) -> str:
        """Returns the caption and the table in Markdown."""
        return Result(self.rows, self.caption).to_markdown()

    def figure(self):
        """Returns the picture, a `matplotlib.figure.Figure`."""
        return self.draw()


def random_task(task, examples, seed: int = 0):
    """Returns the task with random weights, by which a map of it is to be judged.

    A map that looks the same without training tells of the architecture and of the
    example, not of what was learnt. All weights are drawn anew, those of the heads
    too; branches are open as in `kerassl.transfer.random_control`, and batch
    normalisation has the statistics of the examples.

    Args:
        task: A `kerassl.models.PretextModel` with its pretext layer.
        examples: A batch of raw examples.
        seed: Integer of 0 or more.

    Example:
        >>> from kerassl import data, encoders, models, pretext
        >>> encoder = encoders.dense((8, 8, 1), hidden_dims=(16,))
        >>> task = models.Autoencoder(encoder, pretext.Reconstruct())
        >>> other = random_task(task, data.digits().fetch([0, 1]))
        >>> np.array_equal(other.get_weights()[0], task.get_weights()[0])
        False

    Reference:
        Adebayo et al., 2018, https://arxiv.org/abs/1810.03292
    """
    # Not what a network begins with that was made after `set_random_seed(seed)`.
    seed = int(np.random.default_rng([seed, 1]).integers(2**31))
    found = random_copy(task, seed)
    found.pretext = task.pretext  # a tokenizer's words are no part of a copy
    open_branches(found)
    prepared = task.pretext.prepare(examples)
    calibrate(found.encoder, keras.tree.map_structure(np.asarray, prepared))
    return found


def agreement(map_, other) -> float:
    """Returns the rank correlation of the sizes of two maps, signs left out.

    Args:
        map_: Array of any shape.
        other: Array of the same shape.

    Returns:
        Spearman's coefficient, in [-1, 1]; 0 where one of them is constant.

    Example:
        >>> agreement(np.array([1.0, -3.0, 2.0]), np.array([1.0, 3.0, 2.0]))
        1.0
    """
    from scipy.stats import rankdata

    ranks = [rankdata(np.abs(part).ravel()) for part in (map_, other)]
    ranks = [part - part.mean() for part in ranks]
    length = np.sqrt(np.prod([(part**2).sum() for part in ranks]))
    return float((ranks[0] * ranks[1]).sum() / length) if length > 0 else 0.0
