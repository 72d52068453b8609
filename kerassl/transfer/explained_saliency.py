"""Saliency of a task on examples, trained and random, as pictures."""

import numpy as np
from keras import ops

from kerassl.pictures import image_saliency, token_saliency
from kerassl.progress import track
from kerassl.transfer.explained_attention import token_names
from kerassl.transfer.explanation import (
    AGREEMENT,
    RANDOM,
    Explanation,
    agreement,
    random_task,
)
from kerassl.transfer.saliency import integrated_gradients
from kerassl.transfer.saliency_target import saliency_target

CAPTION = (
    "Integrated gradients of {told}: a map sums to the value less that of {nothing}. "
    "Where the map of a random network agrees with it, it tells of the example, not "
    "of what was learnt (Adebayo et al., 2018)."
)


def saliency_of_pixels(task, examples, names, *, seed=0, progress=False):
    """Returns which pixels of images raise what a task is judged by.

    The picture has a row for each image: the first view of it where the task makes
    views, its map, and that of the network with random weights.

    Args:
        task: A `kerassl.models.PretextModel` with its pretext layer.
        examples: A batch of raw images.
        names: What they are called.
        seed: Integer, of views and of the random network.
        progress: Whether to show a progress bar.

    Returns:
        An `Explanation`.
    """
    targets, maps, rows = _both(task, examples, names, seed, progress)
    caption = CAPTION.format(told=targets[0].told, nothing="a black image")
    notes = [(f"sum {r['sum']:.2f}", f"ρ = {r[AGREEMENT]:.2f}") for r in rows]

    def draw():
        titles = ["input", "trained", RANDOM]
        return image_saliency(targets[0].x, maps, titles, notes)

    return Explanation(rows, caption, draw)


def saliency_of_tokens(task, examples, names, *, seed=0, progress=False):
    """Returns which tokens of texts raise what a task is judged by.

    The tokens are those that the task reads, with its masks. In the picture each
    text stands twice, for the trained network and for one with random weights.

    Args:
        task: A `kerassl.models.PretextModel`, whose pretext layer has a tokenizer.
        examples: A batch of texts.
        names: What they are called.
        seed: Integer, of masks and of the random network.
        progress: Whether to show a progress bar.

    Returns:
        An `Explanation`.
    """
    targets, maps, rows = _both(task, examples, names, seed, progress)
    caption = CAPTION.format(told=targets[0].told, nothing="embeddings of zeros")

    def draw():
        texts = []
        for i, length in enumerate(targets[0].lengths):
            tokens = token_names(task, targets[0].token_ids[i, :length])
            values = [each[i, :length].sum(-1) for each in maps]
            texts.append([list(zip(tokens, v, strict=True)) for v in values])
        return token_saliency(texts, ["trained", RANDOM])

    return Explanation(rows, caption, draw)


def _both(task, examples, names, seed, progress):
    """Returns targets and maps of the trained and the random task, and the table."""
    tasks = [task, random_task(task, examples, seed)]
    targets = [saliency_target(each, examples, seed) for each in tasks]
    maps = [
        integrated_gradients(target.function, target.x)
        for target in track(targets, "saliency", 2, shown=progress)
    ]
    value, nothing = (
        ops.convert_to_numpy(targets[0].function(ops.convert_to_tensor(x)))
        for x in (targets[0].x, np.zeros_like(targets[0].x))
    )
    rows = [
        {
            "example": name,
            "value": float(value[i]),
            "of nothing": float(nothing[i]),
            "sum": float(maps[0][i].sum()),
            AGREEMENT: agreement(*(each[i].sum(-1) for each in maps)),
        }
        for i, name in enumerate(names)
    ]
    return targets, maps, rows
