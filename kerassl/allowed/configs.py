"""Configurations of Keras, looked through before Keras makes objects of them.

Keras looks a name up in several places, among them everything that is registered,
and makes the object or hands the function over before it knows what for. Its "safe
mode" keeps a `Lambda` out; here each name must be that of a part of a model.
"""

from __future__ import annotations

import base64
import binascii
import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from kerassl.allowed.documents import check_depth
from kerassl.allowed.names import NotAllowed, classes, is_denied, public
from kerassl.allowed.parts import (
    MODEL_BASES,
    MODEL_FUNCTION_MODULES,
    MODEL_FUNCTIONS,
    NO_FUNCTIONS,
    VOCABULARY_ARGUMENTS,
)
from kerassl.errors import InvalidValue

# Values that Keras writes like objects.
_VALUES = (
    "__bytes__",
    "__ellipsis__",
    "__keras_tensor__",
    "__numpy__",
    "__slice__",
    "__tensor__",
)
# What these register is judged by the list, and what TensorFlow registers is none
# of it. What anything else registers is the user's own, so that files may name it.
_LIBRARIES = ("keras", "keras_hub")
_OTHERS = ("", "builtins", "tensorflow", "tensorflow_text")
# Of what Keras does not export, a configuration needs operations and models.
_PRIVATE_KERAS = ("keras.src.ops.", "keras.src.models.")
# A string of SentencePiece's is a model from this length on, a path below it.
_MODEL_LENGTH = 2048


def check_config(config: Any, what: str) -> None:
    """Raises unless a configuration names parts of models only.

    Args:
        config: What `keras.saving.serialize_keras_object` gave and a file held.
        what: How messages call the file.

    Raises:
        NotAllowed: If it names anything else.
        ValueError: If it is nested too deeply.

    Example:
        >>> config = {"module": "keras.layers", "class_name": "Dense", "config": {}}
        >>> check_config(config, "the file")
    """
    check_depth(config, what)
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            if "class_name" in value:
                _check_object(value, what)
            waiting += (
                part
                for key, part in value.items()
                if key not in ("class_name", "registered_name")
            )
        elif isinstance(value, list | tuple):
            waiting += value
        elif isinstance(value, str):
            _check_string(value, what)


def deserialize(config: Any, what: str) -> Any:
    """Returns the object of a configuration that names parts of models only.

    Args:
        config: What a file held.
        what: How messages call the file.

    Raises:
        ValueError: If it names anything else, or Keras cannot make the object.

    Example:
        >>> config = {"module": "keras.layers", "class_name": "ReLU", "config": {}}
        >>> deserialize(config, "the file").name[:5]
        're_lu'
    """
    import keras

    check_config(config, what)
    try:
        return keras.saving.deserialize_keras_object(config, safe_mode=True)
    except Exception as error:
        raise InvalidValue(f"{what} cannot be read: {reason(error)}") from error


def reason(error: BaseException) -> str:
    """Returns what is wrong in one line, without the advice to trust a file."""
    said = " ".join(str(error).split()) or type(error).__name__
    if "safe_mode" in said or "unsafe_deserialization" in said:
        return "it asks for what a file may not do."
    return said if len(said) <= 300 else f"{said[:297]}..."


def _check_object(node: Mapping, what: str) -> None:
    name, config = node["class_name"], node.get("config")
    if name in _VALUES:
        return
    if not isinstance(name, str) or not isinstance(node.get("module"), str | None):
        raise NotAllowed(f"{what} must name classes by strings. Received: {name!r}")
    names = [name, node.get("registered_name") or name]
    if name == "function":
        if not isinstance(config, str):
            raise NotAllowed(f"{what} must name functions by strings.")
        names = [config]
    elif isinstance(config, str):
        names.append(config)
    found = [*_registered(names), *_located(node.get("module"), names[0])]
    if not found:
        raise NotAllowed(
            f"{what} names {_said(node, names[0])}, which is not known here. Import "
            "the module that defines and registers it first (`--import`)."
        )
    for candidate in found:
        _check_part(candidate, what, _said(node, names[0]))
        _check_vocabulary(candidate, config, what)


def _check_string(value: str, what: str) -> None:
    # Keras takes a string that it has registered for what it stands for.
    for candidate in _registered([value]):
        _check_part(candidate, what, repr(value))


def _check_part(candidate: Any, what: str, said: str) -> None:
    if not _is_model_part(candidate):
        raise NotAllowed(f"{what} names {said}, which is no part of a model.")


def _said(node: Mapping, name: str) -> str:
    module = node.get("module")
    text = f"{module}.{name}" if module else str(name)
    return repr(text if len(text) <= 100 else f"{text[:97]}...")


def _registered(names: list[Any]) -> Iterator[Any]:
    import keras

    for name in names:
        found = isinstance(name, str) and keras.saving.get_registered_object(name)
        if found:
            yield found


def _located(module: str | None, name: str) -> Iterator[Any]:
    """Yields what Keras would find by a module and a name in it."""
    if module is None:
        return
    if module == "builtins":  # how Keras calls its own functions
        for home in MODEL_FUNCTION_MODULES:
            yield from _attribute(importlib.import_module(home), name)
        return
    root = module.partition(".")[0]
    if root == "keras" and ".src" not in module:
        try:
            yield public(f"{module}.{name}")
        except (AttributeError, ImportError):
            return
    elif root == "keras_hub" or f"{module}.".startswith(_PRIVATE_KERAS):
        importlib.import_module(root)
        yield from _attribute(sys.modules.get(module), name)


def _attribute(module: Any, name: str) -> Iterator[Any]:
    if module is not None and name in vars(module) and not name.startswith("_"):
        yield vars(module)[name]


def _is_model_part(candidate: Any) -> bool:
    home = (getattr(candidate, "__module__", None) or "").partition(".")[0]
    if home in _OTHERS:
        return False
    own = home not in _LIBRARIES
    if inspect.isclass(candidate):
        if is_denied(candidate) and not own:
            return False
        return issubclass(candidate, classes(MODEL_BASES))
    return inspect.isfunction(candidate) and (own or candidate in _functions())


def _functions() -> set[Any]:
    """Returns the functions that a configuration may name."""
    import keras

    known = keras.saving.get_custom_objects()
    found = {known[name] for name in MODEL_FUNCTIONS if name in known}
    for module in MODEL_FUNCTION_MODULES:
        found |= {
            value
            for name, value in vars(importlib.import_module(module)).items()
            if inspect.isfunction(value) and name not in NO_FUNCTIONS
        }
    return found


def _check_vocabulary(candidate: Any, config: Any, what: str) -> None:
    """Raises if a tokenizer is told to read a file of its own choice."""
    import keras_hub

    if not inspect.isclass(candidate) or not isinstance(config, Mapping):
        return
    if not issubclass(candidate, keras_hub.tokenizers.Tokenizer):
        return
    for argument in VOCABULARY_ARGUMENTS:
        value = config.get(argument)
        if isinstance(value, str) and not _is_model(value):
            raise NotAllowed(
                f"{what} names a file in {argument!r}, which only the folder of the "
                f"tokenizer itself may hold. Received: {value[:80]!r}"
            )


def _is_model(text: str) -> bool:
    if len(text) <= _MODEL_LENGTH:
        return False
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
