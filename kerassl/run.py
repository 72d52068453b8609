"""A run's folder: what is in it, and how it is read back."""

import contextlib
import json
import os
import zipfile
import zlib
from pathlib import Path

from kerassl.errors import InvalidValue

# Runs of one format can go on to the bit; what is finished is read of any. Format 2
# draws batches that never run over the end of a pass.
FORMAT = 2
CONFIG = "run.json"
# What every run says of itself in it, and of which kind.
SECTIONS = {
    "name": str,
    "model": dict,
    "recipe": dict,
    "seed": int,
    "examples": object,
    "data_used": dict,
}
NUMBERS = ("steps", "batch_size")
FILES = "files.json"
LOCK = ".lock"
REPORT = "report.json"
REPORT_PAGE = "report.md"
ENCODER = "encoder.keras"
TASK = "task.keras"
TOKENIZER = "tokenizer"
CHECKPOINTS = "checkpoints"
HISTORY = "history.jsonl"
TENSORBOARD = "tensorboard"
VIEWS = "views.png"
PICTURES = "pictures"
EMBEDDING = "embedding.png"
LOSS = "loss.png"
FEW_LABELS = "few_labels.png"


class Run:
    """What `kerassl.pretrain` leaves behind, read from its folder.

    Args:
        path: The run's folder.

    Attributes:
        path: The folder.
        config: How the run was made: the resolved preset, seed, steps, data.
        report: The finished report as a dict, or None before there is one.

    Raises:
        FileNotFoundError: If the folder is not that of a run.
        ValueError: If a file in it is damaged.

    Example:
        >>> run = Run("runs/simclr_digits")  # doctest: +SKIP
        >>> features = run.encoder.predict(images)  # doctest: +SKIP
    """

    def __init__(self, path):
        self.path = Path(path)
        if not (self.path / CONFIG).is_file():
            raise FileNotFoundError(
                f"{self.path} is not the folder of a run: it holds no {CONFIG}."
            )
        self.config = read_json(self.path / CONFIG)
        report = self.path / REPORT
        self.report = read_json(report) if report.is_file() else None

    @property
    def encoder(self):
        """The trained encoder, a plain Keras model."""
        return self._load(ENCODER)

    @property
    def task(self):
        """The whole task: encoder, heads, pretext layer, optimizer.

        It is ready to train on: where its schedule has come to its end, the rate
        stays at the schedule's highest. `compile` it for another.
        """
        from kerassl.optimizers.delayed import keep_rate

        task = self._load(TASK)
        keep_rate(task.optimizer)
        return task

    def _load(self, name):
        import keras

        import kerassl.models  # noqa: F401 -- registers the classes
        import kerassl.optimizers  # noqa: F401
        import kerassl.pretext  # noqa: F401

        path = self.path / name
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} does not exist: the run has not finished. The command that "
                "began it resumes it."
            )
        try:
            return keras.saving.load_model(path)
        except Exception as error:
            if _is_whole(path):
                raise
            raise InvalidValue(
                f"{path} is damaged. Remove it and {REPORT} beside it: the command "
                "that began the run then makes both again from the last checkpoint."
            ) from error

    def __str__(self):
        page = self.path / REPORT_PAGE
        text = page.read_text("utf-8").strip() if page.is_file() else "not finished"
        return f"{text}\n\nEverything is in {self.path}/"


def read_config(path):
    """Returns the configuration of a run, with all that every run has.

    Args:
        path: The run's folder.

    Raises:
        FileNotFoundError: If the folder is not that of a run.
        ValueError: If the configuration is damaged.
    """
    config, path = Run(path).config, Path(path) / CONFIG
    wrong = [
        name
        for name, kind in SECTIONS.items()
        if name not in config or not isinstance(config[name], kind)
    ]
    if not wrong:
        recipe = config["recipe"]
        numbers = [name for name in NUMBERS if not isinstance(recipe.get(name), int)]
        wrong = [f"recipe.{name}" for name in numbers]
    if wrong:
        raise InvalidValue(f"{path} is damaged: it lacks a right {wrong[0]!r}.")
    return config


def read_json(path):
    """Returns the object that a run's file holds.

    Raises:
        ValueError: If the file is damaged.
    """
    try:
        value = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:  # of JSON or of UTF-8
        raise InvalidValue(f"{path} is damaged: {error}.") from error
    if not isinstance(value, dict):
        raise InvalidValue(
            f"{path} is damaged: expected a JSON object, received a "
            f"{type(value).__name__}."
        )
    return value


def _is_whole(path):
    """Tells whether every part of a zip archive has its checksum."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, zlib.error, EOFError):
        return False


def write_json(path, value):
    """Writes `value` so that the file appears whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_text(path, text):
    """Writes `text` so that the file appears whole or not at all."""
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, path)


@contextlib.contextmanager
def locked(path):
    """Keeps a run's folder to this process, until it leaves or ends.

    Args:
        path: The folder.

    Raises:
        ValueError: If another process has it.
    """
    import filelock

    try:
        lock = filelock.FileLock(Path(path) / LOCK, timeout=0).acquire()
    except filelock.Timeout as error:
        raise InvalidValue(
            f"Another process is at work in {path}. Wait for its end, or choose "
            "another folder with `out`."
        ) from error
    with lock:
        yield


def make_folder(path):
    """Makes a run's folder and checks that it can be written.

    Raises:
        NotADirectoryError: If a file stands there.
        PermissionError: If the folder cannot be made or written.
    """
    path = Path(path).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".writable"
        probe.touch()
        probe.unlink()
    except (FileExistsError, NotADirectoryError) as error:
        file = next(p for p in (path, *path.parents) if p.exists())
        raise NotADirectoryError(
            f"`out` must be a folder, but {file} is a file."
        ) from error
    except OSError as error:
        raise PermissionError(
            f"`out` cannot be written: {path} ({error.strerror})."
        ) from error
    return path


def difference(before, now, prefix=""):
    """Returns a difference of two nested dicts in words, or None.

    Example:
        >>> difference({"model": {"temperature": 0.1}}, {"model": {"temperature": 1}})
        'model.temperature was 0.1, now 1'
    """
    # Plain values first: which data were named tells more than how many bytes.
    for key in sorted({*before, *now}, key=lambda k: (isinstance(now.get(k), dict), k)):
        name = f"{prefix}{key}"
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found = difference(old, new, f"{name}.")
            if found:
                return found
        elif old != new:
            return f"{name} was {old!r}, now {new!r}"
    return None
