"""Pretrained encoders from KerasHub presets and Hugging Face directories."""

import contextlib
import json
import os
import pathlib
import tempfile

from kerassl import allowed
from kerassl.checks import suggest, user_path
from kerassl.errors import InvalidValue, UserError

# The `model_type`s of Hugging Face whose weights KerasHub converts.
MODEL_TYPES = (
    "albert bart bert blip-2 deit dinov2 dinov2_with_registers dinov3_vit distilbert "
    "esm gemma gemma2 gemma3 gemma3_text gemma3n gemma4 gemma4_text gpt2 gpt_oss llama "
    "metaclip_2 mistral mixtral paligemma qwen2 qwen2_moe qwen3 qwen3_5 qwen3_5_moe "
    "qwen3_moe roberta sam3_video smollm3 swin t5gemma t5gemma2 vit xlm-roberta"
).split()
CONFIG_FILE = "config.json"
TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
)
# Where presets are downloaded from, if the user names an address.
SCHEMES = ("hf", "kaggle")
# Lists of the files that the weights are spread over.
WEIGHT_LISTS = ("model.safetensors.index.json", "model.weights.json")
# A vocabulary of a quarter million pieces with merges takes 40 MB.
MAX_JSON = 1 << 28
# What KerasHub makes an object of, in a preset of its own format.
KERAS_CONFIGS = (CONFIG_FILE, "tokenizer.json")


def from_preset(preset: str | os.PathLike, *, load_weights: bool = True, **kwargs):
    """Loads a pretrained encoder and its tokenizer.

    A directory in the layout of Hugging Face may hold its weights in a
    single `*.safetensors` file of any name, in float16 or float32 (they are
    loaded as float32 unless `dtype` says otherwise), and its vocabulary in
    `tokenizer.json` alone. Nothing is written into it.

    Args:
        preset: Name of a KerasHub preset (downloaded on first use), a handle
            with a scheme such as `hf://org/model`, a local KerasHub preset
            directory, or a local Hugging Face directory.
        load_weights: False gives the architecture with random weights.
        **kwargs: Further arguments of the backbone, such as `dtype`.

    Returns:
        A pair (backbone, tokenizer). The tokenizer is None for a directory
        without one, such as an image encoder's.

    Raises:
        FileNotFoundError: If the directory, its configuration or its weights
            are not there.
        ValueError: If the directory's model type is not supported, a file is
            broken, or the preset name is unknown.
        ConnectionError: If a preset could not be downloaded.

    Example:
        >>> import keras_hub
        >>> folder = tempfile.mkdtemp()
        >>> keras_hub.models.BertBackbone(30, 1, 2, 8, 16).save_to_preset(folder)
        >>> encoder, tokenizer = from_preset(folder)
        >>> encoder.hidden_dim, tokenizer
        (8, None)
    """
    name = os.fspath(preset)
    folder = user_path(name, "name")
    check_preset(folder if folder.is_dir() else name)
    if folder.is_dir():
        try:
            return _from_folder(folder, load_weights, kwargs)
        except (UserError, OSError):
            raise
        except Exception as error:  # whatever a file of others may lead to
            raise InvalidValue(
                f"`preset` {str(folder)!r} cannot be loaded: {allowed.reason(error)}"
            ) from error
    if "://" not in name and (os.sep in name or name.startswith((".", "~"))):
        raise FileNotFoundError(
            f"`preset` must be a preset name or an existing directory. Received: "
            f"{name!r}, which is not there"
        )
    return _from_name(name, load_weights, kwargs)


def check_preset(preset: str | os.PathLike) -> None:
    """Raises if a preset's own files name anything but parts of models.

    A local folder is looked through; of an address, what KerasHub would make
    objects of is downloaded first. A name that KerasHub knows is left to KerasHub.

    Args:
        preset: As in `from_preset`.

    Raises:
        ValueError: If a configuration in it names anything else, a list of weights
            names files elsewhere, or the address is of an unknown scheme.
    """
    name = os.fspath(preset)
    folder = user_path(name, "name")
    if folder.is_dir():
        _check_folder(folder)
    elif "://" in name:
        _check_address(name)


def _check_folder(folder):
    config = folder / CONFIG_FILE
    if config.is_file() and _is_keras(_read_json(config)):
        for path in [config, *sorted(folder.glob("*tokenizer*.json"))]:
            allowed.check_config(_read_json(path), f"`preset` {str(path)!r}")
        for path in sorted(folder.glob("model*.h5")):
            allowed.check_weights(path)
    for path in (folder / name for name in WEIGHT_LISTS):
        if path.is_file():
            _check_weight_list(path)


def _is_keras(config):
    """Tells whether KerasHub takes a configuration for one of its own."""
    return isinstance(config, dict) and "registered_name" in config


def _check_weight_list(path):
    listed = _read_json(path)
    files = listed.get("weight_map", {}) if isinstance(listed, dict) else None
    if not isinstance(files, dict):
        raise InvalidValue(f"`preset` {str(path)!r} must list files of weights")
    for names in files.values():
        for name in names if isinstance(names, list) else [names]:
            allowed.inside(path.parent, name, f"`preset` {str(path)!r}")


def _check_address(name):
    scheme = name.partition("://")[0]
    if scheme not in SCHEMES:
        raise InvalidValue(
            f"`preset` must be a name, a directory or an address of one of {SCHEMES}. "
            f"Received: {name!r}"
        )
    from keras_hub.src.utils.preset_utils import get_file

    for file in KERAS_CONFIGS:
        try:
            config = _read_json(pathlib.Path(get_file(name, file)))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _not_downloaded(name, error) from error
        if file == CONFIG_FILE and not _is_keras(config):
            return  # of Hugging Face, which holds values only
        allowed.check_config(config, f"`preset` {name!r}")


def _not_downloaded(name, error):
    return ConnectionError(
        f"`preset` {name!r} could not be downloaded: {error}. Without a network, "
        "give a local directory."
    )


def _from_name(name, load_weights, kwargs):
    import keras_hub

    known = set(keras_hub.models.Backbone.presets)
    if "://" not in name and name not in known:
        raise InvalidValue(
            "`preset` must be the name of a KerasHub preset or an existing "
            f"directory. Received: {name!r}.{suggest(name, sorted(known))}"
        )
    try:
        return _load(name, load_weights, kwargs, with_tokenizer=None)
    except OSError as error:
        raise _not_downloaded(name, error) from error


def _from_folder(folder, load_weights, kwargs):
    if not (folder / CONFIG_FILE).is_file():
        raise FileNotFoundError(
            f"`preset` must be a directory with a {CONFIG_FILE}. Received: "
            f"{str(folder)!r}, which has none"
        )
    config = _read_json(folder / CONFIG_FILE)
    if not isinstance(config, dict) or not {"registered_name", "model_type"} & {
        *config
    }:
        raise InvalidValue(
            f"`preset` {str(folder)!r} has a {CONFIG_FILE} that is neither KerasHub's "
            "nor one of Hugging Face's transformers"
        )
    if _is_keras(config):  # a KerasHub preset directory
        has_tokenizer = (folder / "tokenizer.json").is_file()
        return _load(str(folder), load_weights, kwargs, has_tokenizer)
    if config["model_type"] not in MODEL_TYPES:
        raise InvalidValue(
            f"`preset` {str(folder)!r} has the model type {config['model_type']!r}, "
            f"which KerasHub cannot load. Expected one of: {', '.join(MODEL_TYPES)}"
        )
    weights = _weights_file(folder) if load_weights else None
    has_tokenizer = any((folder / file).is_file() for file in TOKENIZER_FILES)
    with _completed(folder, weights) as view:
        # Their names for "casing" differ, so the tokenizer's own file decides.
        extra = _casing(folder) if has_tokenizer else {}
        return _load(view, load_weights, kwargs, has_tokenizer, extra)


def _load(preset, load_weights, kwargs, with_tokenizer, tokenizer_kwargs=None):
    import keras_hub

    try:
        backbone = keras_hub.models.Backbone.from_preset(
            preset, load_weights=load_weights, **kwargs
        )
    except Exception as error:
        if type(error).__name__ != "SafetensorError":
            raise
        raise InvalidValue(
            f"`preset` {preset!r} has weights that do not fit its configuration: "
            f"{error}"
        ) from error
    if with_tokenizer is False:
        return backbone, None
    try:
        tokenizer = keras_hub.tokenizers.Tokenizer.from_preset(
            preset, **(tokenizer_kwargs or {})
        )
    except FileNotFoundError:
        if with_tokenizer:
            raise
        return backbone, None
    return backbone, tokenizer


def _weights_file(folder) -> pathlib.Path | None:
    """Returns the weights file, or None where the usual names are there."""
    usual = ("model.safetensors", "model.safetensors.index.json")
    if any((folder / name).is_file() for name in usual):
        return None
    files = sorted(folder.glob("*.safetensors"))
    if len(files) == 1:
        return files[0]
    found = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
    if not files:
        raise FileNotFoundError(
            f"`preset` {str(folder)!r} has no weights: expected a *.safetensors file. "
            f"It holds: {found}"
        )
    raise InvalidValue(
        f"`preset` {str(folder)!r} has {len(files)} *.safetensors files and none is "
        f"called model.safetensors. It holds: {found}"
    )


@contextlib.contextmanager
def _completed(folder, weights):
    """Yields a temporary directory of links, with the names KerasHub reads."""
    with tempfile.TemporaryDirectory() as view:
        view = pathlib.Path(view)
        for path in folder.iterdir():
            (view / path.name).symlink_to(path.resolve())
        if weights is not None:
            (view / "model.safetensors").symlink_to(weights.resolve())
        if (folder / "tokenizer.json").is_file():
            _write_vocabulary(view, _read_json(folder / "tokenizer.json"))
        yield str(view)


def _write_vocabulary(view, tokenizer):
    """Writes the older vocabulary files that KerasHub expects, where absent."""
    model = tokenizer.get("model", {})
    if model.get("type") == "WordPiece" and not (view / "vocab.txt").exists():
        vocabulary = sorted(model["vocab"], key=model["vocab"].get)
        (view / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    if model.get("type") == "BPE" and not (view / "vocab.json").exists():
        (view / "vocab.json").write_text(json.dumps(model["vocab"]), encoding="utf-8")
        merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
        (view / "merges.txt").write_text("\n".join(merges) + "\n", encoding="utf-8")
    settings = view / "tokenizer_config.json"
    if not settings.exists():
        normalizer = tokenizer.get("normalizer") or {}
        lowercase = bool(normalizer.get("lowercase"))
        settings.write_text(json.dumps({"do_lower_case": lowercase}))


def _casing(folder) -> dict:
    """Returns the arguments that make a WordPiece tokenizer strip accents.

    BERT strips them whenever it lower-cases, unless its settings say not to;
    KerasHub's tokenizer only when told.
    """
    if _read_json(folder / CONFIG_FILE)["model_type"] not in ("bert", "distilbert"):
        return {}
    normalizer = {}
    if (folder / "tokenizer.json").is_file():
        normalizer = _read_json(folder / "tokenizer.json").get("normalizer") or {}
    settings = {}
    if (folder / "tokenizer_config.json").is_file():
        settings = _read_json(folder / "tokenizer_config.json")
    if "XLMRoberta" in settings.get("tokenizer_class", ""):
        return {}
    strip = settings.get("strip_accents", normalizer.get("strip_accents"))
    if strip is None:
        strip = settings.get("do_lower_case", normalizer.get("lowercase", False))
    return {"strip_accents": bool(strip)}


def _read_json(path):
    return allowed.read_json(path, repr(str(path)), MAX_JSON)
