"""From the sections of a preset to the parts they stand for.

Which classes and functions a section may name, `kerassl.allowed` says. Everything
in a section is looked at before anything is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from kerassl import allowed
from kerassl.checks import suggest
from kerassl.zoo.catalog import InvalidPreset

# Parts within parts: a model, its generator, a layer of that, its initializer.
MAX_DEPTH = 16

# What every Keras layer and model takes, however its constructor spells it.
_KERAS_ARGUMENTS = ("name", "dtype", "trainable")
# How Keras itself writes objects in a file; it would build them unasked.
_OF_KERAS = ("class_name", "registered_name")
# What a value of the wrong kind ends in, where nobody looked at it.
_WRONG_VALUE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
)


def resolve(name: Any, kind: str | None = None) -> Callable[..., Any]:
    """Returns the class or function a dotted name stands for.

    Args:
        name: Such as "kerassl.models.SimCLR".
        kind: Which part it must be, a key of `kerassl.allowed.KINDS`; None for
            any of them.

    Raises:
        InvalidPreset: If it does not exist or is no such part.

    Example:
        >>> resolve("keras.layers.Dense").__name__
        'Dense'
    """
    try:
        return allowed.find(name, kind)
    except allowed.NotAllowed as error:
        raise InvalidPreset(f"{error} `kerassl allowed` lists them.") from error


def accepted(target: Callable[..., Any]) -> list[str] | None:
    """Returns the names of the arguments a class or function takes.

    A class that passes `**kwargs` on to its base takes the base's too.

    Args:
        target: A class or function.

    Returns:
        The names; None if anything goes (a function with `**kwargs`).

    Example:
        >>> accepted(lambda depth, width=2: None)
        ['depth', 'width']
    """
    if not inspect.isclass(target):
        parameters = list(inspect.signature(target).parameters.values())
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            return None
        return [p.name for p in parameters]
    found: list[str] = []
    for cls in target.__mro__[:-1]:
        if "__init__" not in vars(cls):
            continue
        parameters = list(inspect.signature(vars(cls)["__init__"]).parameters.values())
        found += [
            p.name
            for p in parameters[1:]
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
            and p.name not in found
        ]
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    if any(cls.__module__.startswith("keras.") for cls in target.__mro__):
        found += [name for name in _KERAS_ARGUMENTS if name not in found]
    return found


def check_arguments(name: str, target: Callable[..., Any], given: list[str]) -> None:
    """Raises InvalidPreset if `target` takes no argument of one of these names."""
    known = accepted(target)
    for key in given:
        if known is not None and key not in known:
            near = suggest(key, known)
            raise InvalidPreset(
                f"{name} takes no argument {key!r}.{near} "
                f"It takes: {', '.join(sorted(known))}."
            )


def is_part(name: str, kind: str) -> bool:
    """Tells whether a dotted name is that of a part of a kind.

    Args:
        name: Such as "kerassl.models.SimCLR".
        kind: A key of `kerassl.allowed.KINDS`.

    Example:
        >>> is_part("keras.layers.Dense", "layer")
        True
    """
    try:
        allowed.find(name, kind)
    except allowed.NotAllowed:
        return False
    return True


def check(spec: Any, kind: str | None = None) -> None:
    """Raises unless a section names parts that it may, wherever it names them.

    Args:
        spec: The section.
        kind: Which part it must be, a key of `kerassl.allowed.KINDS`; None for
            any of them.

    Raises:
        InvalidPreset: If a class does not exist or is of another kind, takes no
            such argument, or stands where none is taken.

    Example:
        >>> check({"class": "keras.layers.Dense", "units": 3}, "layer")
    """
    if kind is not None and not (isinstance(spec, Mapping) and "class" in spec):
        raise InvalidPreset(
            f"class: expected a {allowed.KINDS[kind].what}, an object with a 'class'."
        )
    _check(spec, kind, anything=kind is None, depth=0)


def build(spec: Any, kind: str | None = None, /, **extra: Any) -> Any:
    """Builds the object that a preset's section describes.

    A dictionary with a "class" becomes a call of that class or function with
    the other entries as keyword arguments, themselves built first. With a
    "preset", a class is made by its `from_preset(preset, **rest)`. Lists are
    built entry by entry; anything else stands for itself.

    Args:
        spec: The section.
        kind: Which part it must be, a key of `kerassl.allowed.KINDS`; None for
            any of them.
        **extra: Further keyword arguments of the outermost call; they win over
            the entries of `spec`.

    Returns:
        The object, or for a section without "class" its value.

    Raises:
        InvalidPreset: If the class does not exist or is of another kind, takes no
            such argument, or refuses a value.

    Example:
        >>> build({"class": "keras.layers.Dense", "units": 3}, "layer").units
        3
    """
    check(spec, kind)
    return _made(spec, extra)


def _check(spec: Any, kind: str | None, anything: bool, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InvalidPreset(f"class: nested more than {MAX_DEPTH} levels deep.")
    if isinstance(spec, str):
        _check_text(spec)
    elif isinstance(spec, list | tuple):
        for entry in spec:
            _check(entry, kind, anything, depth + 1)
    elif isinstance(spec, Mapping):
        _check_keys(spec)
        if "class" in spec:
            _check_part(spec, kind, anything, depth)
        else:
            for value in spec.values():
                _check(value, kind, anything, depth + 1)


def _check_keys(spec: Mapping) -> None:
    for key in spec:
        if not isinstance(key, str) or key in _OF_KERAS:
            raise InvalidPreset(
                f"{key!r} is no argument that a preset may give. A part is named by "
                "'class', its arguments stand beside it."
            )


def _check_part(spec: Mapping, kind: str | None, anything: bool, depth: int) -> None:
    name = spec["class"]
    if kind is None and not anything:
        raise InvalidPreset(f"class: {name!r} stands where no part is taken.")
    target = resolve(name, kind)
    given = [key for key in spec if key != "class"]
    if _is_preset(spec, target):
        _check_preset(name, spec["preset"])
        given.remove("preset")
    check_arguments(name, target, given)
    is_tokenizer = is_part(name, "tokenizer")
    for key in given:
        if is_tokenizer and isinstance(spec[key], str):
            _check_vocabulary(name, key)
        _check(spec[key], allowed.wanted(target, key), False, depth + 1)


def _is_preset(spec: Mapping, target: Any) -> bool:
    return "preset" in spec and hasattr(target, "from_preset")


def _check_vocabulary(name: str, key: str) -> None:
    if key in allowed.VOCABULARY_ARGUMENTS:
        raise InvalidPreset(
            f"{name} takes the path of a file as {key!r}, which a preset may not "
            'give: name the folder of a stored tokenizer as "preset".'
        )


def _check_preset(name: str, preset: Any) -> None:
    from kerassl.encoders.huggingface import check_preset

    if not any(
        kind.presets and is_part(name, key) for key, kind in allowed.KINDS.items()
    ):
        raise InvalidPreset(f"{name} takes no argument 'preset'.")
    if not isinstance(preset, str):
        raise InvalidPreset(
            f"{name}: preset: expected a name or a folder, received {preset!r}."
        )
    try:
        check_preset(preset)
    except ValueError as error:
        raise InvalidPreset(f"{name}: {error}") from error


def _check_text(text: str) -> None:
    import keras

    # Keras would take the name of what is registered for the thing itself.
    if keras.saving.get_registered_object(text) is not None:
        raise InvalidPreset(f"{text!r} is a name that Keras has registered.")


def _made(spec: Any, extra: Mapping[str, Any]) -> Any:
    if isinstance(spec, list | tuple):
        return [_made(entry, {}) for entry in spec]
    if not isinstance(spec, Mapping):
        return spec
    built = {key: _made(value, {}) for key, value in spec.items() if key != "class"}
    given = {**built, **extra}
    if "class" not in spec:
        return given
    name = spec["class"]
    target: Any = resolve(name)
    if _is_preset(spec, target):
        target = target.from_preset
        return _call(f"{name}.from_preset", target, given.pop("preset"), **given)
    check_arguments(name, target, list(given))
    return _call(name, target, **given)


def _call(what: str, target: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    try:
        return target(*args, **kwargs)
    except (ValueError, TypeError) as error:
        raise InvalidPreset(f"{what}: {_one_line(error)}") from error
    except _WRONG_VALUE as error:
        raise InvalidPreset(
            f"{what}: {type(error).__name__}: {_one_line(error)}"
        ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
