"""Texts token by token: KerasHub's generators and samplers over a task's backbone."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerassl.checks import check_integer, check_number, check_positive_integers
from kerassl.errors import InvalidValue
from kerassl.progress import track

# Texts that are written side by side.
BATCH = 32
# What lies between the counts at which two batches begin to draw: more than a text
# has tokens.
DRAWS = 1 << 20


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen from the probabilities of a model.

    Attributes:
        temperature: By which logits are divided, 0 or more. 0 takes the likeliest
            token always; 1 draws by the model's probabilities.
        top_k: How many of the likeliest tokens to draw from, 1 or more; None for all.
        top_p: Draw from the likeliest tokens that together have this probability, in
            (0, 1]; None for all. Where `top_k` is given too, of those.

    Raises:
        ValueError: If one is out of range.
        TypeError: If one is no number.

    Example:
        >>> type(Sampling(temperature=0).sampler(100)).__name__
        'GreedySampler'

    References:
        Fan et al., 2018, https://arxiv.org/abs/1805.04833 (top-k);
        Holtzman et al., 2019, https://arxiv.org/abs/1904.09751 (top-p)
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self):
        check_number("temperature", self.temperature, least=0)
        if self.top_k is not None:
            check_integer("top_k", self.top_k, least=1)
        if self.top_p is not None:
            check_number("top_p", self.top_p, above=0, most=1)

    def sampler(self, vocabulary_size):
        """Returns the `keras_hub.samplers.Sampler` that chooses so.

        Args:
            vocabulary_size: How many tokens there are to choose from.
        """
        from keras_hub import samplers

        # Below, logits would be infinite; no draw of float32 tells it from 0.
        if self.temperature < 1e-6:
            return samplers.GreedySampler()
        k = self.top_k and min(self.top_k, vocabulary_size)
        options: dict[str, Any] = {"temperature": self.temperature, "seed": 0}
        if self.top_p is not None:
            return samplers.TopPSampler(p=self.top_p, k=k, **options)
        if k is not None:
            return samplers.TopKSampler(k=k, **options)
        return samplers.RandomSampler(**options)


def check_distinct(count, sampling):
    """Raises where several texts are asked for that could only be the same.

    Args:
        count: The user's argument, how many texts for each prompt.
        sampling: A `Sampling`.

    Raises:
        ValueError: If so, or `count` is below 1.
    """
    check_positive_integers(count=count)
    if count > 1 and sampling.temperature == 0:
        raise InvalidValue(
            "`count` must be 1 with a `temperature` of 0, by which a prompt has one "
            f"answer alone. Received: {count}"
        )


def answered(prompts, texts):
    """Returns texts beside the prompts that they answer, as `sample` gives them.

    Args:
        prompts: List of strings.
        texts: As many strings.

    Example:
        >>> answered(["a"], ["a cat"])
        [{'prompt': 'a', 'text': 'a cat'}]
    """
    pairs = zip(prompts, texts, strict=True)
    return [{"prompt": prompt, "text": text} for prompt, text in pairs]


class Writer:
    """Writes on with KerasHub's generator of a backbone, whose weights it shares.

    Keys and values of the tokens before are kept, so that each token costs one step
    of the backbone. What was compiled for a way to choose is used again.

    Args:
        make: Function that returns the `keras_hub.models.CausalLM` or `Seq2SeqLM` of
            the backbone.

    Example:
        >>> import keras_hub
        >>> backbone = keras_hub.models.GPT2Backbone(20, 1, 2, 8, 16)
        >>> writer = Writer(lambda: keras_hub.models.GPT2CausalLM(backbone, None))
        >>> rows = {
        ...     "token_ids": np.array([[3, 4, 1, 1]]),
        ...     "padding_mask": np.array([[1, 1, 0, 0]], bool),
        ... }
        >>> writer.write(rows, "greedy")["token_ids"].shape
        (1, 4)
    """

    def __init__(self, make):
        self._make, self._task, self._sampler = make, None, None

    def write(self, rows, sampler, stop_token_ids=None, seed=None):
        """Returns the rows with their free places filled.

        Args:
            rows: Dict of arrays, as KerasHub's generator takes them: integers
                (batch, time), with masks of the places that are not free.
            sampler: A `Sampling`, a `keras_hub.samplers.Sampler` or its name.
            stop_token_ids: List of ids; when every row has one, writing stops. None
                fills all places.
            seed: Pair of integers from which to draw; None goes on in the sampler's
                own draws.

        Returns:
            Dict of NumPy arrays.
        """
        task = self._compiled(sampler)
        if seed is not None:
            for state in task.sampler.variables:
                state.assign(seed)
        return task.generate(dict(rows), stop_token_ids=stop_token_ids)

    def write_all(self, rows, sampler, stop_token_ids, seed, progress=False):
        """Returns as `write`, some rows at a time.

        Args:
            rows: As in `write`.
            sampler: A `Sampling`.
            stop_token_ids: As in `write`.
            seed: Integer, from which all draws follow.
            progress: As in `kerassl.progress.track`.
        """
        total = len(next(iter(rows.values())))
        size = min(BATCH, total)
        found = []
        begins = range(0, total, size)
        for begin in track(begins, "writing", len(begins), shown=progress):
            # The last batch is filled up: another shape would be compiled anew.
            some = np.arange(begin, begin + size) % total
            part = {name: values[some] for name, values in rows.items()}
            draws = (seed, begin // size * DRAWS)
            found.append(self.write(part, sampler, stop_token_ids, draws))
        return keras.tree.map_structure(
            lambda *parts: np.concatenate([np.asarray(p) for p in parts])[:total],
            *found,
        )

    def _compiled(self, sampler):
        if self._task is None:
            self._task = self._make()
        if self._sampler is None or self._sampler != sampler:
            chosen = sampler
            if isinstance(sampler, Sampling):
                size = self._task.backbone.token_embedding.input_dim
                chosen = sampler.sampler(size)
            self._task.compile(sampler=chosen)
            self._sampler = sampler
        return self._task
