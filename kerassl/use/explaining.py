"""What a trained encoder reads of examples, and which it takes for alike."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kerassl.checks import check_integer, check_one_of, check_positive_integers
from kerassl.data.subset import Subset
from kerassl.errors import InvalidValue
from kerassl.modalities import MODALITIES, modality_of
from kerassl.transfer.attention import attention_layers
from kerassl.transfer.explanation import Explanation
from kerassl.use.embedding import source_for
from kerassl.use.neighbours import explained_neighbours
from kerassl.use.trained import run_of


def explain(
    run,
    data=None,
    *,
    kind: str | None = None,
    count: int = 4,
    seed: int = 0,
    progress=None,
) -> Explanation:
    """Returns a picture of what a trained encoder does with some examples.

    - "attention": from which patches or tokens it reads, by layers, heads and
      rollout. Of encoders with self-attention.
    - "saliency": which pixels or tokens raise what the task is judged by, by
      integrated gradients.
    - "neighbours": which examples it takes for the most alike, right or wrong by
      their labels, and how often the same ones.

    Beside the maps stand those of the same network with random weights. What they
    can tell and what not is in the tutorial `look_inside.py`.

    Args:
        run: As in `kerassl.embed`.
        data: The examples, as in `kerassl.embed`; some of them are chosen at random.
        kind: One of the above, or None for the first that the run can show.
        count: How many examples are shown; the attention of texts is that of one.
        seed: Integer of 0 or more, by which the examples, masks, views and the random
            network are drawn.
        progress: As in `kerassl.embed`.

    Returns:
        A `kerassl.transfer.Explanation`, with the picture and a table.

    Raises:
        FileNotFoundError: If there is no such run, or the data are not there.
        ValueError: If the run cannot show this kind, or the encoder cannot take the
            data.

    Example:
        >>> found = explain("bert_tiny", "docs", kind="attention")  # doctest: +SKIP
        >>> found.figure().savefig("attention.png")  # doctest: +SKIP

    References:
        Abnar & Zuidema, 2020, https://arxiv.org/abs/2005.00928;
        Sundararajan et al., 2017, https://arxiv.org/abs/1703.01365;
        Adebayo et al., 2018, https://arxiv.org/abs/1810.03292
    """
    if kind is not None:
        check_one_of("kind", kind, KINDS)
    check_positive_integers(count=count)
    check_integer("seed", seed, least=0)
    run = run_of(run)
    source = source_for(run, data)
    if source.sequential:
        raise InvalidValue(
            "`data` must be examples that can be read at any position. Received a "
            "stream."
        )
    task, modality = run.task, modality_of(source) or run.config["modality"]
    shown = {name: each.how(task, modality) for name, each in KINDS.items()}
    kinds = [name for name, how in shown.items() if how is not None]
    kind = kind or next(iter(kinds), "attention")
    how = shown[kind]
    if how is None:
        raise InvalidValue(
            f"`kind`: {run.path.name} cannot show {kind!r}, which needs "
            f"{KINDS[kind].needs}. It can show: {', '.join(kinds) or 'nothing'}"
        )
    order = np.random.default_rng(seed).permutation(len(source))
    return how(task, Subset(source, order), count, seed=seed, progress=progress)


@dataclass(frozen=True)
class Kind:
    """A kind of explanation.

    Attributes:
        how: Function of (task, modality) to one of (task, source, count, seed=...,
            progress=...) that explains the first examples of a source, or to None
            where the task cannot show it.
        needs: What it needs, in words.
    """

    how: Callable
    needs: str


def _attention(task, modality):
    return (
        _of_examples("attention", modality) if attention_layers(task.encoder) else None
    )


def _saliency(task, modality):
    return _of_examples("saliency", modality)


def _neighbours(task, modality):
    if MODALITIES[modality].drawn_by is None:
        return None

    def explained(task, source, count, *, seed, progress):
        return explained_neighbours(
            task, source, modality, count, seed=seed, progress=progress
        )

    return explained


def _of_examples(kind, modality):
    explainer = MODALITIES[modality].explainer(kind)
    if explainer is None:
        return None

    def explained(task, source, count, *, seed, progress):
        positions = np.arange(min(count, len(source)))
        examples, names = source.fetch(positions), source.names(positions)
        return explainer(task, examples, names, seed=seed, progress=progress)

    return explained


# In the order in which one is chosen where none is named.
KINDS = {
    "attention": Kind(_attention, "layers of self-attention over patches or tokens"),
    "saliency": Kind(_saliency, "examples whose maps can be drawn"),
    "neighbours": Kind(_neighbours, "examples that can be drawn"),
}
