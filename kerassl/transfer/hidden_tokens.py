"""How well a denoising language model tells the hidden tokens of held-out texts."""

import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.data.subset import Subset
from kerassl.data.windows import windows_for
from kerassl.losses.language import token_cross_entropy
from kerassl.transfer.held_out import (
    JudgedResult,
    batches_of,
    part_means,
    some_of,
    unreadable,
)
from kerassl.transfer.inputs.token_counts import TokenCounts
from kerassl.transfer.measure import Measure
from kerassl.transfer.verdict import verdict

# Texts that are told, and texts that its controls count, at most.
TOLD_TEXTS, COUNTED_TEXTS = 1000, 4000
# Tokens that are told, and counted, at least, if so many draws of masks give them.
TOLD_TOKENS, COUNTED_TOKENS, MOST_DRAWS = 2000, 200_000, 8
BATCH = 16


class HiddenTokens(Measure):
    """Measures what a model that restores texts needs to tell the tokens it is asked.

    The test texts are corrupted as in training, and the cross-entropy of the tokens
    asked for is taken, in nats a token: a byte has no meaning where a part of a text
    is asked for. Its controls count the tokens that are asked for in the training
    texts: a unigram model, and a bigram model, which knows the token before as the
    task reads it (see `kerassl.transfer.inputs.TokenCounts`).

    Few texts are corrupted several times, up to 8, each time with other masks, until
    2,000 tokens are told and 200,000 are counted. Told are 1,000 of the test texts,
    counted 4,000 of the training texts, drawn with the seed where there are more.

    Example:
        >>> import keras_hub
        >>> from kerassl.data import ArraySource, train_tokenizer
        >>> from kerassl.models import MaskedLM
        >>> from kerassl.pretext import MaskedTokens
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"] * 8
        >>> tokenizer = train_tokenizer(texts, vocabulary_size=30)
        >>> encoder = keras_hub.models.BertBackbone(30, 1, 2, 16, 32)
        >>> task = MaskedLM(encoder, MaskedTokens(tokenizer, sequence_length=16))
        >>> sets = ArraySource(texts[:12]), ArraySource(texts[12:])
        >>> [row["model"] for row in HiddenTokens()(task, *sets).rows]
        ['unigram', 'bigram', 'this one']
    """

    name = "hidden_tokens"
    unseen = True
    heading = "Hidden tokens of texts kept out of training:"

    def __call__(self, task, train, test, *, seed=0, progress=True):
        distribute.read_state(task)
        told = _told(task, some_of(test, TOLD_TEXTS, seed), seed)
        size = told.pop("vocabulary_size")
        pairs = _asked(task, some_of(train, COUNTED_TEXTS, seed), seed)
        counts = TokenCounts(*pairs, size)
        before, targets, examples = (
            told.pop(n) for n in ("before", "targets", "examples")
        )
        models = {
            "unigram": (counts.unigram_nats(targets), counts.unigram_guess(before)),
            "bigram": (counts.bigram_nats(before, targets), counts.guess(before)),
            "this one": (told["nats"], told["guesses"]),
        }
        rows = [
            {
                "model": name,
                "nats": float(nats.mean()),
                "accuracy": float((guesses == targets).mean()),
            }
            for name, (nats, guesses) in models.items()
        ]
        best = min(rows[:-1], key=lambda row: row["nats"])
        won = models[best["model"]][0] - models["this one"][0]
        number = examples.max() + 1
        judged = verdict(
            part_means(
                np.bincount(examples, won, number), np.bincount(examples, None, number)
            ),
            what="In telling hidden tokens the model",
            against=f"a {best['model']} model",
            unit="nats a token",
            digits=3,
            figures={"input": best["nats"], "pretrained": rows[-1]["nats"]},
        )
        caption = (
            f"{len(targets):,} tokens of {number:,} texts, beside what counting "
            f"{len(pairs[1]):,} such tokens of the training texts gives."
        )
        return JudgedResult(rows, caption, judged)

    def left_out(self, task, test):
        if not hasattr(task, "token_logits"):
            return "it needs a model that restores hidden tokens"
        return unreadable(task, test)


def _draws(task, source, seed, wanted):
    """Yields batches of corrupted texts, until enough of their tokens are asked for.

    Yields:
        (number of each example, x, targets, which of them are asked for).
    """
    examples = windows_for(source, task.pretext)
    count, begin, found = len(examples), 0, 0
    # Each batch draws masks of its own, so this is several draws of all.
    tiled = Subset(examples, np.tile(np.arange(count), MOST_DRAWS))
    for x, targets, weights in batches_of(task, tiled, batch_size=BATCH, seed=seed):
        yield np.arange(begin, begin + len(targets)) % count, x, targets, weights > 0
        begin, found = begin + len(targets), found + int((weights > 0).sum())
        if begin >= count and found >= wanted:
            return


def _asked(task, source, seed):
    """Returns (tokens before, tokens) of all that is asked for in texts."""
    found = [
        (ops.convert_to_numpy(task.tokens_before(x))[asked], targets[asked])
        for _, x, targets, asked in _draws(task, source, seed, COUNTED_TOKENS)
    ]
    before, targets = zip(*found, strict=True)
    return np.concatenate(before), np.concatenate(targets)


def _told(task, source, seed):
    """Returns what a model tells of each token that is asked for in texts.

    Returns:
        Dict of arrays (tokens,): "before", "targets", "examples" (whose token it is),
        "nats" and "guesses"; and "vocabulary_size", an integer.
    """
    found, size = [], None
    for rows, x, targets, asked in _draws(task, source, seed, TOLD_TOKENS):
        logits = task.token_logits(task(x, training=False))
        size = int(logits.shape[-1])
        parts = {
            "before": task.tokens_before(x),
            "targets": targets,
            "examples": np.broadcast_to(rows[:, None], targets.shape),
            "nats": token_cross_entropy(logits, targets),
            "guesses": ops.argmax(logits, axis=-1),
        }
        found.append({n: ops.convert_to_numpy(p)[asked] for n, p in parts.items()})
    joined = {name: np.concatenate([each[name] for each in found]) for name in found[0]}
    return {**joined, "vocabulary_size": size}
