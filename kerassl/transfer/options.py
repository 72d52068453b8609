"""What `compare` takes, checked before anything long is done for it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kerassl.checks import check_number
from kerassl.encoders.pooling import POOLINGS
from kerassl.errors import InvalidType, InvalidValue

METHODS = ("knn", "linear_probe", "fine_tune")
CONTROLS = ("random", "supervised")
TOKEN_METHODS = ("linear_probe", "fine_tune")
TOKEN_CONTROLS = ("random", "supervised", "input")


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
