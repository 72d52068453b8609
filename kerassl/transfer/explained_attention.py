"""Attention of a task's encoder on examples, trained and random, as pictures."""

import keras
import numpy as np

from kerassl.errors import InvalidValue
from kerassl.pictures import patch_attention, token_attention
from kerassl.pictures.attention import MOST_HEADS, MOST_LAYERS, MOST_TOKENS
from kerassl.progress import track
from kerassl.transfer.attention import attention_rollout, attention_weights, patch_grid
from kerassl.transfer.explanation import (
    AGREEMENT,
    RANDOM,
    Explanation,
    agreement,
    random_task,
)
from kerassl.transfer.saliency_target import IDS

CAPTION = (
    "Attention says from where states are read, not what the output depends on (Jain "
    "& Wallace, 2019). Where the map of a random network agrees with it, it tells of "
    "the architecture (Adebayo et al., 2018)."
)


def attention_over_patches(task, examples, names, *, seed=0, progress=False):
    """Returns the attention of a Vision Transformer on images.

    The picture has a row for each image: the rollout beside that of the network with
    random weights, and the heads of the last layer. The query is the class token
    where there is one; else it is the mean over all patches.

    Args:
        task: A `kerassl.models.PretextModel`, whose encoder cuts images into patches.
        examples: A batch of raw images.
        names: What they are called.
        seed: Integer, of the random network.
        progress: Whether to show a progress bar.

    Returns:
        An `Explanation`.

    Raises:
        ValueError: If no layer of the encoder cuts images into patches.
    """
    grid = patch_grid(task.encoder)
    if grid is None:
        raise InvalidValue(
            "`task` must have an encoder that cuts images into patches, such as "
            "`keras_hub.models.ViTBackbone`, for its attention to be drawn on them. "
            f"Received: {type(task.encoder).__name__}"
        )
    rows, columns, first = grid
    trained, other, x = _both(task, examples, seed, progress)

    def on_patches(weights):  # (..., tokens, tokens)
        read = weights[..., 0, :] if first else weights.mean(axis=-2)
        patches = read[..., first : first + rows * columns]
        return patches.reshape(*patches.shape[:-1], rows, columns)

    rollouts = [on_patches(attention_rollout(each)) for each in (trained, other)]
    heads = on_patches(trained[:, -1])[:, :MOST_HEADS]
    titles = ["image", "rollout", f"rollout,\n{RANDOM}"]
    titles += [f"last layer,\nhead {i + 1}" for i in range(heads.shape[1])]
    table = _table(names, *rollouts)
    reader = "the class token" if first else "all patches on average"
    caption = f"From which patches {reader} reads. {CAPTION}"

    def draw():
        maps = [*rollouts, *np.moveaxis(heads, 1, 0)]
        return patch_attention(x, maps, titles)

    return Explanation(table, caption, draw)


def attention_between_tokens(task, examples, names, *, seed=0, progress=False):
    """Returns the attention between the tokens of texts.

    The picture is of the first text: a row for each of the last layers and one for
    the last layer of the network with random weights, a column for each of the first
    heads, and the rollout up to that layer.

    Args:
        task: A `kerassl.models.PretextModel`, whose pretext layer has a tokenizer.
        examples: A batch of texts.
        names: What they are called.
        seed: Integer, of the random network.
        progress: Whether to show a progress bar.

    Returns:
        An `Explanation`.
    """
    trained, other, x = _both(task, examples, seed, progress)
    ids = x[next(name for name in IDS if name in x)]
    mask = x.get("padding_mask", np.ones_like(ids))
    lengths = np.minimum(mask.sum(axis=1), MOST_TOKENS)
    sides = [slice(int(length)) for length in lengths]
    table = _table(
        names,
        *(
            [attention_rollout(each[i])[side, side] for i, side in enumerate(sides)]
            for each in (trained, other)
        ),
    )
    tokens = token_names(task, ids[0][sides[0]])
    caption = f"Which tokens the tokens of a text read: {names[0]}. {CAPTION}"

    def draw():
        depth, side = trained.shape[1], sides[0]
        shown = [(trained[0], i) for i in range(depth)][-MOST_LAYERS:]
        maps = [_layer(*each) for each in (*shown, (other[0], depth - 1))]
        rows = [f"layer {i + 1}" for _, i in shown] + [f"{RANDOM},\nlayer {depth}"]
        columns = [f"head {i + 1}" for i in range(len(maps[0]) - 1)]
        weights = np.stack(maps)[..., side, side]
        return token_attention(tokens, weights, rows, [*columns, "rollout so far"])

    return Explanation(table, caption, draw)


def token_names(task, ids) -> list[str]:
    """Returns tokens as their tokenizer spells them.

    Args:
        task: A task whose pretext layer has a `tokenizer`.
        ids: Their integers; one that the tokenizer does not have, such as a T5's
            sentinel, is called by its number.
    """
    tokenizer = task.pretext.tokenizer
    known = tokenizer.vocabulary_size()
    return [tokenizer.id_to_token(int(i)) if i < known else f"<{i}>" for i in ids]


def _both(task, examples, seed, progress):
    """Returns the weights of the trained and the random encoder, and their input."""
    x = keras.tree.map_structure(np.asarray, task.pretext.prepare(examples))
    tasks = [task, random_task(task, examples, seed)]
    found = []
    for each in track(tasks, "attention", 2, shown=progress):
        encoder = each.encoder
        known = x
        if isinstance(x, dict):
            known = {name: x[name] for name in encoder.input}
        found.append(attention_weights(encoder, known))
    return *found, x


def _table(names, trained, other):
    return [
        {"example": name, AGREEMENT: agreement(a, b)}
        for name, a, b in zip(names, trained, other, strict=True)
    ]


def _layer(weights, place):
    """Returns the heads of a layer and the rollout up to it."""
    rollout = attention_rollout(weights[: place + 1])
    return np.stack([*weights[place, :MOST_HEADS], rollout])
