"""Changing single values of a preset: `model.temperature = 0.2`."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from kerassl import allowed
from kerassl.checks import suggest
from kerassl.errors import InvalidValue
from kerassl.zoo.assemble import accepted, resolve
from kerassl.zoo.catalog import (
    RECIPE_KEYS,
    TOKENIZER_KEYS,
    check_model,
    check_recipe,
)

# Sections without a "class" of their own: they are passed to a call.
_CALLS = ("tokenizer", "transfer")

_OVERRIDABLE = (
    "data",
    "encoder",
    "model",
    "pretext",
    "recipe",
    "tokenizer",
    "transfer",
)


def parse_override(text: str) -> tuple[str, Any]:
    """Returns key and value of one `KEY=VALUE` of the command line.

    The value is read as JSON; what is not JSON is a string.

    Args:
        text: Such as "model.temperature=0.2".

    Raises:
        ValueError: If there is no "=" or no key.

    Example:
        >>> parse_override("recipe.batch_size=64")
        ('recipe.batch_size', 64)
    """
    key, equals, value = text.partition("=")
    if not key.strip() or not equals:
        raise InvalidValue(f"--set: expected KEY=VALUE, received {text!r}.")
    try:
        found = json.loads(value)
    except ValueError:
        return key.strip(), value
    except RecursionError as error:
        raise InvalidValue(f"--set {key.strip()}: nested too deeply.") from error
    allowed.check_depth(found, f"--set {key.strip()}")
    return key.strip(), found


def override(spec: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a copy of a configuration with some values replaced.

    Args:
        spec: A configuration as `config` returns it; left as it is.
        changes: Dotted key -> value. The key starts with a section and goes
            down by argument names: "encoder.width", "recipe.optimizer.momentum".
            A key ending in "class" chooses another class or function.
        "encoder.preset" names a KerasHub preset or a local Hugging Face folder
        to start from: its architecture and tokenizer take the place of those
        of the configuration.

    Raises:
        ValueError: If a key names no section, or no argument that the
            section's class takes; the message suggests the nearest ones.

    Example:
        >>> changed = override({"recipe": {"steps": 9}}, {"recipe.steps": 3})
        >>> changed["recipe"]["steps"]
        3
    """
    changed = copy.deepcopy(dict(spec))
    if "encoder.preset" in changes and "encoder" in changed:
        changed["encoder"] = {"class": changed["encoder"]["class"], "preset": None}
        changed.pop("tokenizer", None)
    # A class first, so that its arguments are the ones that are checked.
    for key in sorted(changes, key=lambda key: not key.endswith(".class")):
        _set(changed, key, changes[key])
    # One of them gives the warm-up: the one that is asked for.
    for asked, other in (("warmup", "warmup_steps"), ("warmup_steps", "warmup")):
        if f"recipe.{asked}" in changes and f"recipe.{other}" not in changes:
            changed["recipe"].pop(other, None)
    check_model(changed.get("model", {}))
    check_recipe(changed.get("recipe", {}))
    return changed


def _set(spec: dict[str, Any], key: str, value: Any) -> None:
    section, *path = key.split(".")
    if section not in _OVERRIDABLE:
        raise InvalidValue(
            f"override {key!r}: unknown section {section!r}."
            f"{suggest(section, list(_OVERRIDABLE))} "
            f"Sections: {', '.join(_OVERRIDABLE)}."
        )
    if section not in spec and section not in _CALLS:
        raise InvalidValue(
            f"override {key!r}: there is no section {section!r} to change here. "
            f"Sections: {', '.join(name for name in _OVERRIDABLE if name in spec)}."
        )
    if not path:
        raise InvalidValue(
            f"override {key!r}: expected an argument after the section, such as "
            f"'{section}.{_example(section, spec)}'."
        )
    place = spec.setdefault(section, {})
    name = section
    for depth, part in enumerate(path, 1):
        _check(key, name, place, part, recipe=section == "recipe" and depth == 1)
        if depth == len(path):
            place[part] = value
            return
        name = f"{name}.{part}"
        place = place.get(part)
        if not isinstance(place, dict):
            raise InvalidValue(
                f"override {key!r}: {name!r} has no arguments of its own."
            )


def _example(section: str, spec: Mapping[str, Any]) -> str:
    return next((k for k in spec.get(section, {}) if k != "class"), "class")


def _check(key: str, name: str, place: dict, part: str, recipe: bool) -> None:
    if part in place:
        return
    if recipe:
        known: list[str] | None = list(RECIPE_KEYS)
    elif "class" in place:
        known = accepted(resolve(place["class"]))
    elif name == "tokenizer":
        known = list(TOKENIZER_KEYS)
    elif name == "transfer":
        from kerassl import transfer

        known = accepted(transfer.compare)
    else:
        known = list(place)
    if part == "class" or known is None or part in known:
        return
    raise InvalidValue(
        f"override {key!r}: {name!r} takes no argument {part!r}."
        f"{suggest(part, known)} It takes: {', '.join(sorted(known))}."
    )
