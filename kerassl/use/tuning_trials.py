"""Values tried one after another, in the order that Keras Tuner gives."""

from __future__ import annotations

import hashlib
import json
import math
import re
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kerassl.errors import InvalidType, InvalidValue, MissingPackage, TrainingDiverged

# Of a folder that is called by its values.
_MOST_CHARACTERS = 80


def check_installed() -> None:
    """Raises where Keras Tuner is missing, before any data are read.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        import keras_tuner  # noqa: F401
    except ImportError as error:
        raise MissingPackage(
            "To try values, Keras Tuner is needed. Install it: pip install "
            "'kerassl[tune]'"
        ) from error


def search(
    values: Mapping[str, Sequence[Any]],
    trials: int | None,
    seed: int,
    score: Callable[[dict], float],
) -> None:
    """Tries values: all of their combinations, or some that are drawn.

    Args:
        values: {dotted key: its values}.
        trials: How many to draw at random; None for all combinations.
        seed: Integer, draws them.
        score: Function from {dotted key: value} to a number, the higher the better.
            If it raises `TrainingDiverged`, the others are tried; any other error
            ends the search.
    """
    import keras_tuner

    space = keras_tuner.HyperParameters()
    for key, choices in values.items():
        # As JSON: Keras Tuner takes no lists, and no mixture of numbers.
        space.Choice(key, [json.dumps(choice) for choice in choices])
    options = {
        "objective": keras_tuner.Objective("score", "max"),
        "hyperparameters": space,
        "max_trials": trials,
        "seed": seed + 1,  # it takes 0 for none
    }
    oracles = keras_tuner.oracles
    grid = trials is None or trials >= combinations(values)
    kind = oracles.GridSearchOracle if grid else oracles.RandomSearchOracle

    class Trials(keras_tuner.Tuner):
        def run_trial(self, trial, *args, **kwargs):
            found = trial.hyperparameters.values
            tried = {key: json.loads(found[key]) for key in values}
            try:
                return {"score": score(tried)}
            except TrainingDiverged:
                return {"score": -math.inf}
            except Exception as error:  # which it would count as a bad trial
                raise keras_tuner.errors.FatalError(str(error)) from error

    with tempfile.TemporaryDirectory() as notes, warnings.catch_warnings():
        # It asks threads for their names in an old way.
        warnings.filterwarnings("ignore", "", DeprecationWarning, r"keras_tuner\..*")
        try:
            # Its own notes go: what was tried is found again by its run.
            Trials(oracle=kind(**options), directory=notes).search(verbose=0)
        except keras_tuner.errors.FatalError as error:
            raise (error.__cause__ or error) from None


def check_values(values: Any, trials: Any) -> None:
    """Raises unless values can be tried.

    Raises:
        TypeError: If they are no dict of lists.
        ValueError: If a key is of what is no part of training, or there is nothing to
            choose from.
    """
    if not isinstance(values, Mapping) or not values:
        raise InvalidType(
            "`values` must be a dict of dotted keys and lists of values. Received: "
            f"{values!r:.200}"
        )
    for key, choices in values.items():
        if not isinstance(choices, Sequence) or isinstance(choices, str):
            raise InvalidType(
                f"`values`: {key} must have a list of values. Received: "
                f"{choices!r:.200}"
            )
        told = [json.dumps(choice) for choice in choices]
        if not told or len(set(told)) < len(told):
            raise InvalidValue(
                f"`values`: {key} must have one value or more, each once. Received: "
                f"{list(choices)!r:.200}"
            )
        if str(key).split(".")[0] in ("data", "transfer"):
            raise InvalidValue(
                f"`values`: {key} changes what is measured, so that figures could not "
                "be compared. Choose among values of the other sections."
            )
    if combinations(values) < 2:
        raise InvalidValue(
            "`values` must leave something to choose. Received: one value"
        )
    whole = isinstance(trials, int) and not isinstance(trials, bool)
    if trials is not None and (not whole or trials < 2):
        raise InvalidValue(f"`trials` must be an integer >= 2. Received: {trials!r}")


def combinations(values: Mapping[str, Sequence[Any]]) -> int:
    """Returns how many combinations there are.

    Example:
        >>> combinations({"a": [1, 2], "b": [3, 4, 5]})
        6
    """
    return math.prod(map(len, values.values()))


def told(tried: Mapping[str, Any]) -> str:
    """Returns values in words.

    Example:
        >>> told({"model.temperature": 0.2, "recipe.steps": 9})
        'model.temperature=0.2, recipe.steps=9'
    """
    return ", ".join(f"{key}={json.dumps(value)}" for key, value in tried.items())


def folder_of(tried: Mapping[str, Any]) -> str:
    """Returns the name of a folder for values.

    Example:
        >>> folder_of({"model.temperature": 0.2})
        'model.temperature=0.2'
        >>> folder_of({"encoder.widths": [8, 16]})
        'c6f51109'
    """
    name = told(tried).replace(", ", ",")
    if re.fullmatch(r"[\w.,=+-]+", name) and len(name) <= _MOST_CHARACTERS:
        return name
    return hashlib.sha256(name.encode()).hexdigest()[:8]
