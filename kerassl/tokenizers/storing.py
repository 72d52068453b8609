"""A tokenizer in a folder: storing it, and loading it again."""

import json
import os
import pathlib
import tempfile

from kerassl import allowed, files
from kerassl.checks import user_path
from kerassl.errors import InvalidValue

CONFIG_FILE = "tokenizer.json"
ASSETS_FOLDER = os.path.join("assets", "tokenizer")


def save_tokenizer(tokenizer, folder: str | os.PathLike) -> None:
    """Stores a KerasHub tokenizer in a folder, each file written atomically.

    The layout is that of a KerasHub preset: `tokenizer.json` and the
    vocabulary under `assets/tokenizer/`. `tokenizer.json` is written last, so
    a folder that has one is complete.

    Args:
        tokenizer: A KerasHub tokenizer.
        folder: Folder to write to; made if it is not there.

    Example:
        >>> folder = tempfile.mkdtemp()
        >>> from kerassl.tokenizers import train_tokenizer
        >>> save_tokenizer(train_tokenizer(["a b"], vocabulary_size=7), folder)
        >>> load_tokenizer(folder).vocabulary_size()
        7
    """
    import keras

    folder = user_path(folder, "folder")
    assets = folder / ASSETS_FOLDER
    assets.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / ASSETS_FOLDER).mkdir(parents=True)
        tokenizer.save_assets(str(scratch / ASSETS_FOLDER))
        config = keras.saving.serialize_keras_object(tokenizer)
        (scratch / CONFIG_FILE).write_text(json.dumps(config, indent=2))
        for path in sorted((scratch / ASSETS_FOLDER).iterdir()):
            files.publish(path, assets / path.name)
        files.publish(scratch / CONFIG_FILE, folder / CONFIG_FILE)


def is_stored_tokenizer(folder: str | os.PathLike) -> bool:
    """Tells whether a folder holds the whole of a stored tokenizer."""
    return (pathlib.Path(folder) / CONFIG_FILE).is_file()


def load_tokenizer(folder: str | os.PathLike):
    """Returns the tokenizer that `train_tokenizer(out=folder)` stored.

    Args:
        folder: The folder that was given as `out`.

    Returns:
        A KerasHub tokenizer.

    Raises:
        FileNotFoundError: If the folder holds no stored tokenizer.
        ValueError: If it holds anything else, or a damaged one.

    Example:
        >>> folder = tempfile.mkdtemp()
        >>> from kerassl.tokenizers import train_tokenizer
        >>> _ = train_tokenizer(["a b"], vocabulary_size=7, out=folder)
        >>> [int(i) for i in load_tokenizer(folder)("b a")]
        [6, 5]
    """
    import keras_hub

    import kerassl.tokenizers  # noqa: F401, registers tokenizers

    folder = user_path(folder, "folder")
    if not is_stored_tokenizer(folder):
        raise FileNotFoundError(
            f"`folder` must hold a tokenizer stored by `train_tokenizer(out=...)`: "
            f"expected the file {CONFIG_FILE} in it. Received: {str(folder)!r}"
        )
    path = folder / CONFIG_FILE
    config = allowed.read_json(path, str(path))
    tokenizer = allowed.deserialize(config, str(path))
    if not isinstance(tokenizer, keras_hub.tokenizers.Tokenizer):
        raise InvalidValue(f"{path} must be the configuration of a tokenizer.")
    assets = folder / ASSETS_FOLDER
    try:
        if hasattr(tokenizer, "set_proto"):
            # KerasHub's own loader leaves the file of a SentencePiece model open.
            tokenizer.set_proto((assets / "vocabulary.spm").read_bytes())
        else:
            tokenizer.load_assets(str(assets))
    except (ValueError, TypeError, RuntimeError, LookupError) as error:
        what = " ".join(str(error).split())[:200]
        raise InvalidValue(f"{assets} holds no whole vocabulary: {what}") from error
    return tokenizer
