"""What `compare` takes, checked before anything long is done for it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kerassl.checks import check_number
from kerassl.encoders.feature_sets import FEATURES
from kerassl.encoders.pooling import POOLINGS
from kerassl.errors import InvalidType, InvalidValue
from kerassl.transfer.inputs.features import InputFeatures

METHODS = ("knn", "linear_probe", "fine_tune")
CONTROLS = ("input", "random", "supervised")
# How tables and sentences call the methods.
TITLES = {"knn": "kNN", "linear_probe": "linear probe", "fine_tune": "fine-tuning"}
TOKEN_METHODS = ("linear_probe", "fine_tune")
TOKEN_CONTROLS = ("random", "supervised", "input")
# With all labels only the head, the part to choose on and random weights differ from
# draw to draw, and each takes as long as all draws of few labels together.
DRAWS_OF_ALL = 3


def title(method: str) -> str:
    """Returns how a table calls a method.

    Example:
        >>> title("knn"), title("naive Bayes")
        ('kNN', 'naive Bayes')
    """
    return TITLES.get(method, method)


def draws_of(budget: int | None, budgets: Sequence[int | None], draws: int) -> int:
    """Returns how often a number of labels is drawn.

    Args:
        budget: The number of labels a class, None for all.
        budgets: All that are measured.
        draws: How often was asked for.

    Example:
        >>> [draws_of(budget, [5, None], 8) for budget in [5, None]]
        [8, 3]
        >>> draws_of(None, [None], 8)  # nothing else was asked for
        8
    """
    beside_few = budget is None and any(each is not None for each in budgets)
    return min(draws, DRAWS_OF_ALL) if beside_few else draws


def told_options(budgets, unit, draws, methods, controls) -> str:
    """Returns what is measured beside what, in a line.

    Args:
        budgets: Numbers of labels; None for all.
        unit: What they are numbers of.
        draws: How often the labels are drawn.
        methods: As in `compare`, and so `controls`.
        controls: See `methods`.

    Example:
        >>> told_options([1, None], "labels a class", 2, ["knn"], ["random"])
        'kNN with 1 and all labels a class, 2 draws; beside random'
    """
    how = ", ".join(map(title, methods))
    sizes = " and ".join("all" if size is None else f"{size:,}" for size in budgets)
    beside = f"; beside {', '.join(controls)}" if controls else ""
    times = f"{draws} draw{'s'[: draws > 1]}"
    return f"{how} with {sizes} {unit}, {times}{beside}"


def in_order(values: Iterable) -> list:
    """Returns what is different among values, in the order of its first places.

    Example:
        >>> in_order("banana")
        ['b', 'a', 'n']
    """
    return list(dict.fromkeys(values))


def check_options(options: Mapping[str, Any], prefix: str = "") -> None:
    """Raises where an option of `compare` is unknown or out of its range.

    Args:
        options: Keyword arguments of `kerassl.transfer.compare`.
        prefix: What stands before their names in messages, such as "transfer.".

    Raises:
        TypeError: If an option is not of its kind.
        ValueError: If it is unknown or out of range.

    Example:
        >>> check_options({"draws": 5, "knn_options": {"k": 10}})
    """
    _check_all(prefix, options, _CHECKS)


def check_inputs(inputs: Any, train: int, test: int) -> None:
    """Raises unless `inputs` of `compare` are features of its examples.

    Args:
        inputs: What was given.
        train: Number of training examples.
        test: Number of test examples.

    Raises:
        TypeError: If one is no `InputFeatures`.
        ValueError: If they have no row for each example, or a name is taken.

    Example:
        >>> ones = InputFeatures("ones", np.ones((3, 2)), np.ones((1, 2)))
        >>> check_inputs([ones], train=3, test=1)
    """
    taken = ["pretrained", *CONTROLS]
    if not isinstance(inputs, Sequence) or isinstance(inputs, str):
        raise InvalidType(f"`inputs` must be a list. Received: {inputs!r:.200}")
    for each in inputs:
        if not isinstance(each, InputFeatures):
            raise InvalidType(
                "`inputs` must hold kerassl.transfer.InputFeatures. Received: "
                f"{type(each).__name__}"
            )
        if each.name in taken:
            raise InvalidValue(
                f"`inputs` must have names of their own. Received: {each.name!r}, "
                f"which is taken by {taken}"
            )
        taken.append(each.name)
        _check_features(each, train, test)


def _check_features(features: InputFeatures, train: int, test: int) -> None:
    for part, count in (("train", train), ("test", test)):
        shape = np.shape(getattr(features, part))
        if len(shape) != 2 or shape[0] != count:
            raise InvalidValue(
                f"`inputs`: {part} of {features.name!r} must be a matrix of {count} "
                f"rows, one for each example. Received shape: {shape}"
            )
    wrong = [each for each in features.methods if each not in METHODS[:2]]
    wrong += [each for each in features.classifiers if each in METHODS]
    if wrong:
        raise InvalidValue(
            f"`inputs`: methods of {features.name!r} must be some of {METHODS[:2]}, "
            f"and its classifiers have other names. Received: {wrong}"
        )


def check_token_options(options: Mapping[str, Any]) -> None:
    """Raises where an option of `TokenClassification` is unknown or out of its range.

    Args:
        options: Its keyword arguments.

    Raises:
        TypeError: If an option is not of its kind.
        ValueError: If it is unknown or out of range.

    Example:
        >>> check_token_options({"sentences": [100, None]})
    """
    _check_all("", options, _TOKEN_CHECKS)


def _check_all(prefix: str, options: Any, checks: Mapping[str, Callable]) -> None:
    if not isinstance(options, Mapping):
        raise InvalidType(
            f"`{prefix.rstrip('.')}` must be an object of options. Received: "
            f"{options!r}"
        )
    for name, value in options.items():
        if name not in checks:
            raise InvalidValue(
                f"`{prefix}{name}` is no option of a comparison. There are: "
                f"{', '.join(sorted(checks))}."
            )
        checks[name](f"{prefix}{name}", value)


def _some_of(known: Sequence[str], may_be_empty: bool = True) -> Callable:
    def check(name: str, value: Any) -> None:
        listed = isinstance(value, Sequence) and not isinstance(value, str)
        if not listed or set(map(str, value)) - set(known):
            raise InvalidValue(f"`{name}` must be some of {known}. Received: {value!r}")
        if not value and not may_be_empty:
            raise InvalidValue(f"`{name}` must not be empty.")

    return check


def _one_of(known: Sequence[str]) -> Callable:
    def check(name: str, value: Any) -> None:
        if value not in known:
            raise InvalidValue(f"`{name}` must be one of {known}. Received: {value!r}")

    return check


def _features(name: str, value: Any) -> None:
    if isinstance(value, str) and value in ("auto", "pooled"):
        return
    if isinstance(value, str) or not value:
        raise InvalidValue(
            f"`{name}` must be 'auto', 'pooled' or a list of some of {FEATURES}. "
            f"Received: {value!r}"
        )
    _some_of(FEATURES)(name, value)


def _flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise InvalidType(f"`{name}` must be true or false. Received: {value!r}")


def _number(**limits: float) -> Callable:
    return lambda name, value: check_number(name, value, **limits)


def _validation(name: str, value: Any) -> None:
    """Checks what a measure chooses on: a share, examples of its own, or nothing."""
    if value is None or (isinstance(value, tuple | list) and len(value) == 2):
        return
    check_number(name, value, least=0, below=1)


def _count(name: str, value: Any) -> None:
    if not is_count(value):
        raise InvalidValue(f"`{name}` must be an integer >= 1. Received: {value!r}")


def is_count(value: Any) -> bool:
    """Tells whether a value is an integer above 0."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return bool(whole and value >= 1)


def _budgets(name: str, value: Any) -> None:
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    if not listed or not value or not all(b is None or is_count(b) for b in value):
        raise InvalidValue(
            f"`{name}` must be a list of integers >= 1, or None for all. "
            f"Received: {value!r}"
        )


def _listed(check: Callable, alone: bool) -> Callable:
    """Returns a check of a list of values, or also of one alone."""

    def check_list(name: str, value: Any) -> None:
        if alone and not isinstance(value, Sequence):
            value = [value]
        if not isinstance(value, Sequence) or isinstance(value, str) or not value:
            raise InvalidValue(f"`{name}` must be a list. Received: {value!r}")
        for item in value:
            check(name, item)

    return check_list


def _or_none(check: Callable) -> Callable:
    return lambda name, value: None if value is None else check(name, value)


def _nested(checks: Mapping[str, Callable]) -> Callable:
    return _or_none(lambda name, value: _check_all(f"{name}.", value, checks))


_KNN = {"k": _count, "temperature": _number(above=0), "batch_size": _count}
_PROBE = {
    "validation": _validation,
    "strengths": _listed(_number(above=0), alone=False),
    "default_strength": _number(above=0),
    "max_iterations": _count,
    "choose_on": _count,
    "batch_size": _count,
}
_TUNING = {
    "validation": _validation,
    "layer_decay": _number(above=0, most=1),
    "learning_rate": _listed(_number(above=0), alone=True),
    "steps": _or_none(_count),
    "epochs": _or_none(_number(above=0)),
    "batch_size": _count,
    "patience": _count,
}
_CHECKS = {
    "labels_per_class": _budgets,
    "draws": _count,
    "methods": _some_of(METHODS, may_be_empty=False),
    "controls": _some_of(CONTROLS),
    "validation": _validation,
    "seed": _number(least=0, most=2**32 - 1),
    "pooling": _one_of(POOLINGS),
    "features": _features,
    "calibrate": _flag,
    "knn_options": _nested(_KNN),
    "linear_probe_options": _nested(_PROBE),
    "fine_tune_options": _nested(_TUNING),
    "supervised_options": _nested(_TUNING),
}
_TOKEN_TUNING = {name: _TUNING[name] for name in _TUNING if name != "validation"}
_TOKEN_CHECKS = {
    "sentences": _budgets,
    "draws": _count,
    "methods": _some_of(TOKEN_METHODS, may_be_empty=False),
    "controls": _some_of(TOKEN_CONTROLS),
    "validation": _number(least=0, below=1),
    "strengths": _listed(_number(above=0), alone=False),
    "fine_tune_options": _nested(_TOKEN_TUNING),
    "supervised_options": _nested(_TOKEN_TUNING),
}
