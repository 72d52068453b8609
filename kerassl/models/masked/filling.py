"""The words that a model expects behind masks, with their probabilities."""

import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.checks import check_positive_integers
from kerassl.models.base import PretextModel
from kerassl.progress import track
from kerassl.tokenizers.gaps import check_prompts
from kerassl.tokenizers.spelling import spelled

# Prompts that are read side by side.
BATCH = 32


class FillsMasks(PretextModel):
    """What the tasks share that ask for hidden tokens."""

    generates = "the words behind a mask"

    def mask_logits(self, x):
        """Returns the logits of the tokens at `x["mask_positions"]`.

        Args:
            x: As for `propagate`.

        Returns:
            Float tensor (batch, slots, vocabulary_size).
        """
        raise NotImplementedError(
            f"{type(self).__name__} must implement `mask_logits`."
        )

    def tokens_before(self, x):
        """Returns, of each hidden token, the one before it as it is read.

        Args:
            x: As for `propagate`.

        Returns:
            int tensor (batch, slots); of an empty slot, any token.
        """
        before = ops.maximum(x["mask_positions"] - 1, 0)
        return ops.take_along_axis(x["token_ids"], before, axis=1)

    def sample(self, prompts, count: int = 5, *, progress=False):
        """Returns the words that are expected behind masks.

        Args:
            prompts: List of strings with [MASK] in the place of one token or more.
            count: How many words for each mask.
            progress: As in `kerassl.progress.track`.

        Returns:
            As `fill`.

        Raises:
            ValueError: If `count` is below 1, or a prompt is none that the pretext
                layer can ask.
        """
        distribute.read_state(self)
        return fill(self.pretext, self.mask_logits, prompts, count, progress)


def fill(pretext, logits_of, prompts, count, progress=False):
    """Returns the likeliest tokens behind each mask of some prompts.

    Args:
        pretext: A `kerassl.pretext.MaskedTokens`.
        logits_of: Function from what the pretext layer asks, a dict of arrays, to
            logits (batch, slots, vocabulary_size).
        prompts: List of strings with one or more [MASK].
        count: How many tokens for each mask.
        progress: As in `kerassl.progress.track`.

    Returns:
        List of dicts, the likeliest first for each mask: `"prompt"`, `"mask"`, its
        number in the prompt from 1, `"word"`, the token as the tokenizer writes it,
        and `"probability"`.

    Raises:
        ValueError: If `count` is below 1, or a prompt is none that the pretext layer
            can ask.
    """
    check_prompts(prompts)
    check_positive_integers(count=count)
    batches = [prompts[i : i + BATCH] for i in range(0, len(prompts), BATCH)]
    found = []
    for some in track(batches, "filling", len(batches), shown=progress):
        x = pretext.ask(some)
        tensors = {name: ops.convert_to_tensor(value) for name, value in x.items()}
        logits = ops.cast(logits_of(tensors), "float32")
        shares = ops.convert_to_numpy(ops.softmax(logits, axis=-1))
        for prompt, positions, of_slots in zip(
            some, x["mask_positions"], shares, strict=True
        ):
            masks = of_slots[positions > 0]
            found += _rows(pretext.tokenizer, prompt, masks, count)
    return found


def _rows(tokenizer, prompt, masks, count):
    rows = []
    for number, shares in enumerate(masks, 1):
        for token in np.argsort(-shares, kind="stable")[:count].tolist():
            row = {"prompt": prompt, "mask": number}
            row["word"] = spelled(tokenizer, token)
            rows.append({**row, "probability": float(shares[token])})
    return rows
