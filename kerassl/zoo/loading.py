"""Loading a preset as a task that can be fitted."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerassl import allowed, runs
from kerassl.checks import user_path
from kerassl.errors import InvalidValue
from kerassl.zoo import catalog
from kerassl.zoo import weights as trained
from kerassl.zoo.assemble import accepted, build, check, is_part, resolve
from kerassl.zoo.misfit import misfit
from kerassl.zoo.overrides import override


def load(
    name: str | Path | Mapping[str, Any],
    weights: str | Path | None = None,
    tokenizer: Any = None,
    overrides: Mapping[str, Any] | None = None,
    dtype: Any = None,
) -> Any:
    """Returns the task of a preset: encoder, pretext layer and training step.

    Args:
        name: A preset's name, the path of your own `.json`, or a configuration
            as `config` returns it.
        weights: Where the weights come from. None starts as pretraining would:
            an encoder that names a KerasHub preset or a local Hugging Face
            folder brings its weights, any other is fresh. "random" gives the
            same architecture with fresh weights always. "pretrained" gives the
            trained ones that come with the preset, and its tokenizer. A path is a
            run's folder, a `.keras` file of the task or of its encoder, or a
            `.weights.h5` file of either.
        tokenizer: For text: a KerasHub tokenizer, or the folder of one, either
            stored by `kerassl.data.train_tokenizer` or a KerasHub preset. The
            encoder's vocabulary follows it. None takes the one stored beside
            `weights`, else the one that the preset names.
        overrides: Dotted key -> value, such as {"model.temperature": 0.2}.
        dtype: The encoder's dtype policy, such as "mixed_bfloat16"; None for
            the preset's own.

    Returns:
        A `kerassl.models.PretextModel`, not compiled.

    Raises:
        UnknownPreset: If no preset has this name.
        FileNotFoundError: If the path of `weights` does not exist.
        ValueError: If an override, the tokenizer or the weights do not fit.

    Example:
        >>> task = load("simclr_digits", overrides={"model.temperature": 0.2})
        >>> task.temperature
        0.2
    """
    if isinstance(name, Mapping):
        spec = dict(name)
        catalog.validate(spec)
    else:
        spec = catalog.config(name)
    spec = override(spec, overrides or {})
    path = _weights_path(name, weights, tokenizer)
    # Weights from a file replace the encoder's own, so those need no reading.
    task = Assembly(
        spec, tokenizer, beside=path, load_weights=weights is None, dtype=dtype
    ).task()
    if path is not None:
        _load_weights(task, path)
    return task


def _weights_path(name: Any, weights: Any, tokenizer: Any) -> Path | None:
    """Returns the file or folder of the weights, None where none is read."""
    if weights is None or isinstance(weights, str) and weights == "random":
        return None
    if isinstance(weights, str) and weights == trained.PRETRAINED:
        if tokenizer is not None:
            raise InvalidValue(
                f"tokenizer: expected None, since {weights!r} weights know the ids of "
                f"their own tokenizer alone, received {str(tokenizer)!r:.80}."
            )
        return trained.verified(name)
    path = user_path(weights, "weights")
    if not path.exists():
        raise trained.refuse(weights)
    return path


def load_pretext(spec: Mapping[str, Any], tokenizer: Any = None) -> Any:
    """Returns the pretext layer of a configuration, without encoder and model.

    Args:
        spec: A configuration as `config` returns it.
        tokenizer: As in `load`.

    Returns:
        A `kerassl.pretext.PretextLayer`.

    Raises:
        ValueError: If there is no tokenizer where one is needed.

    Example:
        >>> load_pretext(catalog.config("simclr_digits")).size
        8
    """
    return Assembly(spec, tokenizer, load_weights=False).pretext


class Assembly:
    """The parts of a preset, each made when it is first needed.

    Args:
        spec: A configuration as `config` returns it.
        tokenizer: As in `load`.
        beside: A path beside which a tokenizer may be stored, or None.
        load_weights: Whether an encoder that names a preset brings its weights.
        dtype: As in `load`.

    Raises:
        ValueError: If a section names no part of its kind, or there is no tokenizer
            where one is needed.
    """

    def __init__(
        self,
        spec: Mapping[str, Any],
        tokenizer: Any = None,
        *,
        beside: Path | None = None,
        load_weights: bool = True,
        dtype: Any = None,
    ):
        for section, kind in allowed.SECTIONS.items():
            if "class" in spec.get(section, {}):
                check(spec[section], kind)
        self.spec = spec
        self._load_weights = load_weights
        self._dtype = {} if dtype is None else {"dtype": dtype}
        self._given = _tokenizer(spec, tokenizer, beside)

    @functools.cached_property
    def _pretrained(self) -> tuple:
        """The encoder of a KerasHub preset or folder and its tokenizer, or Nones."""
        if "preset" not in self.spec["encoder"]:
            return None, None
        return _pretrained(self.spec["encoder"], self._load_weights, self._dtype)

    @functools.cached_property
    def tokenizer(self) -> Any:
        """The tokenizer, None where no pretext layer takes one."""
        if not takes_tokenizer(self.spec):
            return None
        return self._pretrained[1] if self._given is None else self._given

    @functools.cached_property
    def pretext(self) -> Any:
        """The pretext layer."""
        section, given = self.spec["pretext"], {}
        if self.tokenizer is not None:
            given = {"tokenizer": self.tokenizer}
            section = completed(section, "pretext", **given)
        return build(section, "pretext")

    def task(self, model: Mapping[str, Any] | None = None) -> Any:
        """Returns the task, not compiled.

        Args:
            model: The model's section, where it is not that of `spec`.
        """
        encoder, _ = self._pretrained
        pretext = self.pretext
        vocabulary = self._vocabulary(pretext)
        if encoder is None:
            section = self.spec["encoder"]
            given = {**taken(section, vocabulary), **self._dtype}
            encoder = build(section, "encoder", **given)
        section = {
            # Further networks, such as a generator; the task itself stays float32.
            key: completed(part, "encoder", **vocabulary, **self._dtype)
            for key, part in (model or self.spec["model"]).items()
        }
        return build(section, "model", encoder=encoder, pretext=pretext)

    def _vocabulary(self, pretext: Any) -> dict[str, int]:
        """Returns the number of token ids, spelt both ways as KerasHub does."""
        if self.tokenizer is None:
            return {}
        # A pretext layer may have ids of its own, such as sentinels.
        size = getattr(pretext, "vocabulary_size", self.tokenizer.vocabulary_size())
        return {"vocabulary_size": size, "vocab_size": size}


def takes_tokenizer(spec: Mapping[str, Any]) -> bool:
    """Tells whether a pretext layer of a configuration takes a tokenizer.

    Args:
        spec: A configuration as `config` returns it.

    Example:
        >>> takes_tokenizer(catalog.config("bert_tiny"))
        True
    """
    return bool(_takers(spec["pretext"], "tokenizer"))


def _takers(section: Any, argument: str) -> list[str]:
    """Returns the classes in a section, nested ones too, that take an argument."""
    if isinstance(section, list):
        return [name for part in section for name in _takers(part, argument)]
    if not isinstance(section, Mapping):
        return []
    found = [name for part in section.values() for name in _takers(part, argument)]
    if "class" in section and argument in (accepted(resolve(section["class"])) or ()):
        found.append(section["class"])
    return found


def taken(section: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns those arguments that the class of a section takes."""
    known = accepted(resolve(section["class"])) or ()
    return {key: value for key, value in given.items() if key in known}


def completed(section: Any, kind: str, **given: Any) -> Any:
    """Returns a section, with arguments that its parts of a kind take and lack.

    Args:
        section: A part of a configuration, at any depth.
        kind: Of the parts that get them, a key of `kerassl.allowed.KINDS`.
        **given: The arguments.
    """
    if isinstance(section, list):
        return [completed(part, kind, **given) for part in section]
    if not isinstance(section, Mapping):
        return section
    found = {key: completed(part, kind, **given) for key, part in section.items()}
    if "class" in found and "preset" not in found and is_part(found["class"], kind):
        found = {**taken(found, given), **found}
    return found


def _pretrained(section: Mapping, load_weights: bool, extra: Mapping) -> tuple:
    """Returns the encoder of a KerasHub preset or folder, and its tokenizer."""
    from kerassl import encoders

    check(section, "encoder")
    given = {k: v for k, v in section.items() if k not in ("class", "preset")}
    encoder, tokenizer = encoders.from_preset(
        section["preset"], load_weights=load_weights, **{**given, **extra}
    )
    target = resolve(section["class"], "encoder")
    if inspect.isclass(target) and not isinstance(encoder, target):
        raise catalog.InvalidPreset(
            f"encoder: '{section['preset']}' holds a {type(encoder).__name__}, "
            f"expected a {section['class']}."
        )
    return encoder, tokenizer


def _tokenizer(spec: Mapping[str, Any], given: Any, path: Path | None) -> Any:
    """Returns the tokenizer to use; None if the encoder brings it or needs none."""
    if not takes_tokenizer(spec):
        if given is not None:
            raise InvalidValue(
                f"tokenizer: preset {spec['name']!r} learns from {spec['modality']} "
                f"examples and takes none, received {given!r}."
            )
        return None
    if given is not None:
        return _stored_tokenizer(given) if isinstance(given, str | Path) else given
    if path is not None:
        beside = (path if path.is_dir() else path.parent) / runs.TOKENIZER
        if beside.is_dir():
            return _stored_tokenizer(beside)
    section = spec.get("tokenizer", {})
    if "class" in section:
        return build(section, "tokenizer")
    if "preset" in spec["encoder"]:
        return None
    raise InvalidValue(
        f"tokenizer: preset {spec['name']!r} trains its own on your texts, so there "
        "is none to load. Pass tokenizer=..., such as "
        "`kerassl.data.train_tokenizer(texts)`, or use `kerassl.pretrain`."
    )


def _stored_tokenizer(path: str | Path) -> Any:
    path = user_path(path, "tokenizer")
    if not path.is_dir():
        raise FileNotFoundError(
            f"tokenizer: expected a folder or a KerasHub tokenizer, received "
            f"{str(path)!r}."
        )
    if (path / "config.json").is_file():  # a preset or Hugging Face folder
        import keras_hub

        from kerassl.encoders.huggingface import check_preset

        check_preset(path)
        try:
            return keras_hub.tokenizers.Tokenizer.from_preset(str(path))
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise InvalidValue(
                f"tokenizer: '{path}' cannot be loaded: {allowed.reason(error)}"
            ) from error
    from kerassl import data

    return data.load_tokenizer(path)


def _load_weights(task: Any, path: Path) -> None:
    if path.is_dir():
        files = [path / runs.TASK, path / runs.ENCODER]
        path = next((file for file in files if file.is_file()), path)
        if path.is_dir():
            raise FileNotFoundError(
                f"weights: the folder '{path}' holds neither {runs.TASK} nor "
                f"{runs.ENCODER}."
            )
    is_task = _is_task(path)
    allowed.check_weights(path)
    model = task if is_task else task.encoder
    part = "task" if model is task else "encoder"
    try:
        with warnings.catch_warnings():
            # Keras only warns where it leaves layers as they were.
            warnings.filterwarnings("error", "Skipping nested container")
            model.load_weights(str(path))
    except (ValueError, KeyError, TypeError, UserWarning) as error:
        raise InvalidValue(
            f"weights: '{path}' does not fit the {part} of this preset; was it "
            f"trained with other overrides? {misfit(model, path)}".rstrip()
        ) from error


def _is_task(path: Path) -> bool:
    """Tells whether a file holds a whole task rather than an encoder alone."""
    if path.suffix == ".keras":
        try:
            saved = allowed.read_config(path)
        except ValueError as error:
            raise InvalidValue(f"weights: {error}") from error
        # Every task has an encoder; a plain encoder is no class of kerassl.
        inner = saved.get("config") if isinstance(saved, dict) else None
        return isinstance(inner, dict) and "encoder" in inner
    if path.name.endswith(".weights.h5"):
        import h5py

        try:
            with h5py.File(path) as file:
                return "encoder" in list(file)  # names alone, no link is followed
        except OSError as error:
            raise InvalidValue(f"weights: '{path}' is damaged: {error}") from error
    raise InvalidValue(
        f"weights: expected a folder, a .keras or a .weights.h5 file, received "
        f"'{path}'."
    )
