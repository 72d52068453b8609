"""Something new by a trained run: texts, words, images."""

import inspect
from collections.abc import Sequence
from typing import Any

from kerassl.checks import check_integer, check_number
from kerassl.data import as_source
from kerassl.errors import InvalidValue
from kerassl.pretraining.plan import checked_seed
from kerassl.tokenizers.gaps import check_prompts
from kerassl.tokenizers.strings import as_strings
from kerassl.use.embedding import source_for
from kerassl.use.generated import (
    Generated,
    GeneratedExamples,
    GeneratedTexts,
    check_sheet,
)
from kerassl.use.trained import run_of

# More at once would fill the memory.
MOST_COUNT = 100_000


def generate(
    run,
    prompt: str | Sequence[str] | None = None,
    *,
    count: int | None = None,
    length: int | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | None = None,
    data=None,
    out=None,
    progress: bool | None = None,
) -> Generated:
    """Generates by a trained run: what its task can make, such as texts or images.

    A language model goes on from a prompt, a model of gaps fills them, a GAN makes
    images, an autoencoder what is between two examples. Other tasks make nothing, and
    say so. What is None is as the task's `sample` has it.

    Args:
        run: The run's folder, a preset's name for the run in "runs/NAME", or a
            `kerassl.Run`.
        prompt: A text, or a list of texts, for tasks of texts. [MASK] stands for a
            gap, where the task fills gaps.
        count: How many: texts for a prompt, words for a gap, images.
        length: Tokens to write at most.
        temperature: 0 or more: 0 takes the likeliest token always, 1 draws by the
            model's probabilities, above 1 more evenly.
        top_k: To draw from so many of the likeliest tokens.
        top_p: To draw from the likeliest tokens of this probability together, in
            (0, 1].
        seed: Integer from 0 to 2**32 - 1; the same gives the same.
        data: A file of prompts, one a line, or other texts as `kerassl.pretrain` takes
            them; for tasks that need examples, these, or None for those of the run.
        out: A file to save to: ".txt", ".md" or ".jsonl" for texts; ".png", ".pdf",
            ".svg" (a sheet) or ".npz" for others.
        progress: Whether to show a progress bar; None where the error stream is a
            terminal.

    Returns:
        A `GeneratedTexts` or `GeneratedExamples`.

    Raises:
        FileNotFoundError: If there is no such run, it is not finished, or the data are
            not there.
        ValueError: If the task generates nothing, does not take an argument, or one is
            out of range.
        TypeError: If an argument is of a wrong type.

    Example:
        >>> made = generate("gpt2_tiny", "In the", count=2)  # doctest: +SKIP
        >>> print(made)  # doctest: +SKIP
        >>> generate("dcgan_fashion", out="clothes.png")  # doctest: +SKIP
    """
    options: dict[str, Any] = {
        "count": count,
        "length": length,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "seed": seed,
    }
    options = {name: value for name, value in options.items() if value is not None}
    _check_options(options)
    prompts = _checked_prompts(prompt)
    if prompts is not None and data is not None:
        raise InvalidValue("`prompt` and `data` cannot both be given: choose one.")
    run = run_of(run)
    task = run.task
    _check_generates(task)
    taken = inspect.signature(task.sample).parameters
    _check_taken(task, taken, {**options, "prompt": prompts, "data": data})
    kind = GeneratedTexts if "prompts" in taken else GeneratedExamples
    modality = run.config.get("modality")
    if out is not None:
        asked = options.get("count", taken["count"].default)
        _check_out(kind, out, modality, asked)
    if "prompts" in taken and (prompts is not None or data is not None):
        options["prompts"] = _texts(data, modality) if prompts is None else prompts
    if "examples" in taken:
        options["examples"] = source_for(run, data)
    if "progress" in taken:
        options["progress"] = progress
    found = task.sample(**options)
    made: Generated = GeneratedExamples(found, modality)
    if kind is GeneratedTexts:
        made = GeneratedTexts(found)
    if out is not None:
        made.save(out)
    return made


def _check_options(options: dict[str, Any]):
    for name in ("count", "length", "top_k"):
        if name in options:
            most = {"most": MOST_COUNT} if name == "count" else {}
            check_integer(name, options[name], least=1, **most)
    if "temperature" in options:
        check_number("temperature", options["temperature"], least=0)
    if "top_p" in options:
        check_number("top_p", options["top_p"], above=0, most=1)
    if "seed" in options:
        checked_seed(options["seed"])


def _checked_prompts(prompt):
    """Returns a list of prompts that can be encoded, or None where none is given."""
    if prompt is None:
        return None
    prompts = [prompt] if isinstance(prompt, str) else prompt
    check_prompts(prompts, "prompt")
    return list(prompts)


def _check_generates(task):
    if task.generates:
        return
    from kerassl import models

    every = [getattr(models, name) for name in sorted(models.__all__)]
    known = [
        f"{cls.__name__} ({cls.generates})"
        for cls in every
        if getattr(cls, "generates", "")
    ]
    purpose = (inspect.getdoc(type(task)) or "").split("\n", 1)[0]
    raise InvalidValue(
        f"`run` must be of a task that generates: {', '.join(known)}. Received a "
        f"{type(task).__name__}, which is for another purpose: {purpose}"
    )


def _check_taken(task, taken, given):
    """Raises where a task does not take what was given, or lacks what it needs."""
    names = {"prompt": {"prompts"}, "data": {"prompts", "examples"}}
    for name, value in given.items():
        if value is not None and not names.get(name, {name}) & set(taken):
            raise InvalidValue(
                f"`{name}` is nothing that a {type(task).__name__} takes to generate "
                f"{task.generates}. It takes: {', '.join(_told(taken))}."
            )
    needed = "prompts" in taken and taken["prompts"].default is inspect.Parameter.empty
    if needed and given["prompt"] is None and given["data"] is None:
        raise InvalidValue(
            f"`prompt` is needed by a {type(task).__name__}, which generates "
            f"{task.generates}."
        )
    if needed and not all(map(str.strip, given["prompt"] or ())):
        raise InvalidValue("`prompt` must not be empty.")


def _told(taken):
    """Returns what a user gives for the arguments of a task's `sample`."""
    names = {"prompts": ["prompt", "data"], "examples": ["data"], "progress": []}
    return [told for name in taken for told in names.get(name, [name])]


def _check_out(kind, out, modality, count):
    path = kind.check(out)
    if kind is GeneratedExamples and path.suffix.lower() != ".npz":
        check_sheet(modality, count)


def _texts(data, modality):
    """Returns the texts of data as a list of strings."""
    source = as_source(data, modality=modality)
    return as_strings(source.fetch(range(len(source))).numpy())
