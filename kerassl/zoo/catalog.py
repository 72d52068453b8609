"""Where presets lie, what they are called and what a well-formed one holds."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kerassl import allowed
from kerassl.checks import MOST_FLOAT, suggest, user_path
from kerassl.errors import InvalidValue
from kerassl.modalities import MODALITIES

# What the recipe of a run may set; pretraining reads these.
RECIPE_KEYS = (
    "optimizer",
    "learning_rate",
    "rate_scaling",
    "schedule",
    "warmup",
    "warmup_steps",
    "batch_size",
    "steps",
)
# How a rate follows the batch where it is not the preset's: as it, as its root.
RATE_SCALINGS = ("linear", "sqrt", "none")
# How a rate goes through a run after its warm-up; cosine where none is named.
SCHEDULES = ("cosine", "linear", "constant")
# How a preset may have a tokenizer trained; where it is stored, the run says.
TOKENIZER_KEYS = (
    "algorithm",
    "character_coverage",
    "field",
    "kind",
    "lowercase",
    "min_count",
    "vocabulary_size",
)
# What the run itself gives to the comparison that "transfer" is passed to.
_NOT_OF_TRANSFER = ("encoder", "progress", "seed", "test", "train")
# What a run's folder is called by default.
_NAME = re.compile(r"[^\W_][\w.-]{0,99}")
# All that is no sign of a text: a terminal takes some for commands.
_CONTROLS = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])
# A preset is a page of text.
_MAX_BYTES = 1 << 22

_TEXTS = ("name", "summary", "modality", "paper")
_COMPONENTS = ("data", "encoder", "pretext", "model")
_REQUIRED = ("name", "summary", "modality", *_COMPONENTS, "recipe")
_DECIDING = (*_COMPONENTS, "tokenizer", "recipe", "transfer", "measures")
# What it costs, a number.
MINUTES = "minutes"
# How its features stand to the best that needs no encoder, by its card.
VERDICT = "verdict"
VERDICTS = ("better", "even", "worse")
# Told of a preset, no part of a run's configuration.
TOLD = (MINUTES, VERDICT)
_SECTIONS = (*_TEXTS, *TOLD, *_DECIDING)
# What a section is that is no object.
_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    **dict.fromkeys((*_TEXTS, VERDICT), (str, "a string")),
    "measures": (list, "a list of objects, each with a 'class'"),
    MINUTES: ((int, float), "a number, minutes of two cores of a processor"),
}


class UnknownPreset(InvalidValue):
    """No preset has this name; the message suggests the nearest ones."""


class InvalidPreset(InvalidValue):
    """A preset file is not well formed; the message names file and section."""


def _folder() -> Path:
    """Returns the folder of presets: the installed one, else the checkout's."""
    installed = Path(__file__).with_name("presets")
    return installed if installed.is_dir() else Path(__file__).parents[2] / "zoo"


def _files() -> dict[str, Path]:
    return {path.stem: path for path in sorted(_folder().glob("*/*.json"))}


def path_of(name: str | Path) -> Path:
    """Returns the file of a preset.

    Args:
        name: A preset's name, or the path of your own `.json`.

    Raises:
        UnknownPreset: If no preset has this name.

    Example:
        >>> path_of("simclr_digits").name
        'simclr_digits.json'
    """
    path = user_path(name, "preset")
    if path.suffix == ".json":
        if not path.is_file():
            raise FileNotFoundError(f"preset file '{path}' does not exist.")
        return path
    files = _files()
    if str(name) not in files:
        near = suggest(str(name), list(files))
        raise UnknownPreset(
            f"unknown preset {str(name)!r}.{near} "
            "`kerassl list` shows all; a path that ends in .json reads your own."
        )
    return files[str(name)]


def names(modality: str | None = None) -> list[str]:
    """Returns the names of the presets, in alphabetical order.

    Args:
        modality: Only the presets of this kind, such as "image" or "text"; None
            for all.

    Raises:
        ValueError: If `modality` is not one of these.

    Example:
        >>> "bert_tiny" in names("text")
        True
    """
    if modality is not None and modality not in MODALITIES:
        raise InvalidValue(
            f"modality: expected one of {', '.join(MODALITIES)}, received {modality!r}."
        )
    return sorted(
        name for name, path in _files().items() if modality in (None, path.parent.name)
    )


def card(name: str | Path) -> str:
    """Returns the card of a preset: markdown with its results and their receipt.

    Args:
        name: A preset's name, or the path of your own `.json`, whose card is
            the `.md` beside it.

    Returns:
        The text; "" for a file of your own that has no card.

    Raises:
        UnknownPreset: If no preset has this name.

    Example:
        >>> card("simclr_digits").startswith("# ")
        True
    """
    path = path_of(name).with_suffix(".md")
    if not path.is_file():
        return ""
    return path.read_text("utf-8", "replace").translate(_CONTROLS)


def config(name: str | Path) -> dict[str, Any]:
    """Returns the configuration of a preset, a dictionary of the caller's own.

    Args:
        name: A preset's name, or the path of your own `.json`.

    Raises:
        UnknownPreset: If no preset has this name.
        InvalidPreset: If the file is not a well-formed preset.

    Example:
        >>> config("simclr_digits")["model"]["class"]
        'kerassl.models.SimCLR'
    """
    path = path_of(name)
    try:
        spec = allowed.read_json(path, f"preset '{path}'", _MAX_BYTES)
    except ValueError as error:
        raise InvalidPreset(str(error)) from error
    validate(spec, where=str(path))
    _check_addresses(spec, str(path))
    return spec


def _check_addresses(value: Any, where: str) -> None:
    """Raises if a file names an address to download from.

    A name of a KerasHub preset is none: KerasHub says where that lies.
    """
    if isinstance(value, Mapping):
        preset = value.get("preset")
        if isinstance(preset, str) and "://" in preset:
            raise InvalidPreset(
                f"{where}: preset: expected a name or a folder, received the address "
                f"{preset!r}. Give it yourself: `--set encoder.preset={preset}`."
            )
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            _check_addresses(part, where)


def validate(spec: Any, where: str = "preset") -> None:
    """Raises unless `spec` has a preset's sections, each of the right kind.

    What a section's class accepts is checked when it is built.

    Args:
        spec: A configuration as `config` returns it.
        where: How messages call it.

    Raises:
        InvalidPreset: If a section is missing, unknown or of another kind.

    Example:
        >>> validate(config("autoencoder_dense"))
    """
    if not isinstance(spec, dict):
        raise InvalidPreset(
            f"{where}: expected a JSON object, received {type(spec).__name__}."
        )
    for section in _REQUIRED:
        if section not in spec:
            raise InvalidPreset(f"{where}: section {section!r} is missing.")
    for section, value in spec.items():
        if section not in _SECTIONS:
            near = suggest(section, list(_SECTIONS))
            raise InvalidPreset(f"{where}: unknown section {section!r}.{near}")
        kind, expected = _KINDS.get(section, (dict, "an object"))
        if not isinstance(value, kind):
            raise InvalidPreset(
                f"{where}: section {section!r}: expected {expected}, "
                f"received {value!r}."
            )
    for section in _COMPONENTS:
        if not isinstance(spec[section].get("class"), str):
            raise InvalidPreset(
                f"{where}: section {section!r} needs a 'class', a dotted name such "
                "as 'kerassl.models.SimCLR'."
            )
    if not _is_rate(spec.get(MINUTES, 1)):
        raise InvalidPreset(
            f"{where}: minutes: expected a number above 0, received {spec[MINUTES]!r}."
        )
    if spec.get(VERDICT, VERDICTS[0]) not in VERDICTS:
        raise InvalidPreset(
            f"{where}: verdict: expected one of {', '.join(VERDICTS)}, "
            f"received {spec[VERDICT]!r}."
        )
    _check_name(spec["name"], where)
    check_model(spec["model"], where)
    check_recipe(spec["recipe"], where)
    _check_calls(spec, where)
    _check_numbers(spec, where)
    if spec["modality"] not in MODALITIES:
        raise InvalidPreset(
            f"{where}: modality: expected one of {', '.join(MODALITIES)}, "
            f"received {spec['modality']!r}."
        )


def check_model(model: Mapping[str, Any], where: str = "preset") -> None:
    """Raises if a model's section names what has a section of its own.

    Args:
        model: The section of that name.
        where: How messages call the preset.

    Raises:
        InvalidPreset: If it names the encoder or the pretext layer.

    Example:
        >>> check_model({"class": "kerassl.models.SimCLR", "temperature": 0.2})
    """
    for key in ("encoder", "pretext"):
        if key in model:
            raise InvalidPreset(
                f"{where}: section 'model' takes no {key!r}: it is a section itself."
            )


def check_recipe(recipe: Mapping[str, Any], where: str = "preset") -> None:
    """Raises unless a recipe has known keys and numbers where it needs them.

    Args:
        recipe: The section of that name.
        where: How messages call the preset.

    Raises:
        InvalidPreset: If a key is unknown or a value of another kind.

    Example:
        >>> check_recipe({"learning_rate": 0.1, "warmup": 0.05})
    """
    for key in recipe:
        if key not in RECIPE_KEYS:
            near = suggest(key, list(RECIPE_KEYS))
            raise InvalidPreset(f"{where}: section 'recipe' takes no {key!r}.{near}")
    for key, (fits, wanted) in _RECIPE_VALUES.items():
        if key in recipe and not fits(recipe[key]):
            raise InvalidPreset(
                f"{where}: recipe.{key}: expected {wanted}, received {recipe[key]!r}."
            )
    _check_optimizer(recipe.get("optimizer", {}), where)
    if {"warmup", "warmup_steps"} <= set(recipe):
        raise InvalidPreset(
            f"{where}: recipe.warmup, a share of the steps, and recipe.warmup_steps "
            "exclude each other."
        )


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= MOST_FLOAT  # NaN is not


def _is_count(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_rate(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_optimizer(value: Any) -> bool:
    """Tells whether it is one section with a class, or several by player."""
    parts = [value] if isinstance(value, dict) and "class" in value else value
    parts = list(parts.values()) if isinstance(parts, dict) else parts
    return (
        isinstance(parts, list)
        and bool(parts)
        and all(
            isinstance(part, dict)
            and isinstance(part.get("class"), str)
            and _is_rate(part.get("learning_rate", 1.0))
            for part in parts
        )
    )


def _check_optimizer(section: Any, where: str) -> None:
    """Raises if a number of an optimizer is none, or out of its range."""
    for part in [section] if "class" in section else section.values():
        for key, (fits, wanted) in _OPTIMIZER_VALUES.items():
            value = part.get(key)
            if value is not None and not (_is_number(value) and fits(value)):
                raise InvalidPreset(
                    f"{where}: recipe.optimizer.{key}: expected a number {wanted}, "
                    f"received {value!r}."
                )


_SHARE = (lambda value: 0 <= value < 1, "from 0 to below 1")
_ABOVE = (lambda value: value > 0, "above 0")
_OPTIMIZER_VALUES: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("beta_1", "beta_2", "momentum", "rho"), _SHARE),
    **dict.fromkeys(("clipnorm", "global_clipnorm", "clipvalue"), _ABOVE),
    "weight_decay": (lambda value: value >= 0, "from 0"),
}

_RECIPE_VALUES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "optimizer": (
        _is_optimizer,
        "an object with a 'class', or one for each player, its learning_rate, if it "
        "has one, a number above 0",
    ),
    "learning_rate": (_is_rate, "a number above 0"),
    "rate_scaling": (RATE_SCALINGS.__contains__, f"one of {RATE_SCALINGS}"),
    "schedule": (SCHEDULES.__contains__, f"one of {SCHEDULES}"),
    "warmup": (
        lambda value: _is_number(value) and 0 <= value < 1,
        "a share of the steps, from 0 to below 1",
    ),
    "warmup_steps": (lambda value: _is_count(value, 0), "an integer from 0"),
    "batch_size": (lambda value: _is_count(value, 1), "an integer from 1"),
    "steps": (lambda value: _is_count(value, 1), "an integer from 1"),
}


def _check_name(name: str, where: str) -> None:
    """Raises if a name cannot be that of a folder: runs are kept in runs/NAME."""
    if not _NAME.fullmatch(name):
        raise InvalidPreset(
            f"{where}: name: expected at most 100 letters, digits, '_', '-' and '.', "
            f"a letter or digit first, received {name[:100]!r}."
        )


def _check_calls(spec: Mapping[str, Any], where: str) -> None:
    """Raises if a section that is passed to a call says what the run does."""
    tokenizer = spec.get("tokenizer", {})
    for key in tokenizer:
        if "class" not in tokenizer and key not in TOKENIZER_KEYS:
            near = suggest(key, list(TOKENIZER_KEYS))
            raise InvalidPreset(f"{where}: section 'tokenizer' takes no {key!r}.{near}")
    for measure in spec.get("measures", []):
        if not isinstance(measure, dict) or not isinstance(measure.get("class"), str):
            raise InvalidPreset(
                f"{where}: section 'measures': expected objects, each with a 'class' "
                f"such as 'kerassl.transfer.Perplexity', received {measure!r}."
            )
    for key in spec.get("transfer", {}):
        if key in _NOT_OF_TRANSFER:
            raise InvalidPreset(f"{where}: section 'transfer' takes no {key!r}.")


def _check_numbers(value: Any, where: str) -> None:
    """Raises if a number is none, as Python's JSON lets through."""
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidPreset(f"{where}: expected finite numbers, received {value}.")
    if isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            _check_numbers(part, where)


def config_hash(spec: Mapping[str, Any]) -> str:
    """Returns 12 hexadecimal digits that name a configuration.

    Only the sections that decide a run count, in any order: not the name,
    summary and paper, nor what a run notes beside them.

    Args:
        spec: A configuration as `config` returns it.

    Example:
        >>> spec = config("simclr_digits")
        >>> config_hash({**spec, "name": "another"}) == config_hash(spec)
        True
    """
    kept = {key: value for key, value in spec.items() if key in _DECIDING}
    canonical = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]
