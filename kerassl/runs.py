"""A run's folder: what is in it, and how it is read back."""

from pathlib import Path

from kerassl import allowed
from kerassl.checks import user_path
from kerassl.errors import InvalidValue

# Runs of one format can go on to the bit; what is finished is read of any. In 0.1.0,
# format 1, batches ran over the end of a pass, which put an example twice into one.
# A change of how (seed, n) becomes a batch takes another number.
FORMAT = 2
CONFIG = "run.json"
FILES = "files.json"
REPORT = "report.json"
REPORT_PAGE = "report.md"
ENCODER = "encoder.keras"
INPUT = "encoder.json"
TASK = "task.keras"
TOKENIZER = "tokenizer"
CHECKPOINTS = "checkpoints"
HISTORY = "history.jsonl"
TENSORBOARD = "tensorboard"
VIEWS = "views.png"
PICTURES = "pictures"
LOSS = "loss.png"
# Where reports have kept these measures since 0.1.0; others are in "measures".
REPORT_KEYS = {"classification": "transfer", "perplexity": "held_out"}


# What evaluation reads of a run's configuration, and of which type each must be.
CONFIG_TYPES = {
    "name": (str,),
    "seed": (int,),
    "examples": (str, list, type(None)),
    "test_data": (str, list, type(None)),
    "validation_data": (str, list, type(None)),
    "data_used": (dict,),
    "held_out": (float, int),
    "recipe": (dict,),
    "transfer": (dict,),
    "measures": (list,),
    "reading": (dict,),
    **dict.fromkeys(allowed.SECTIONS, (dict,)),
}
# What every run has of these, and what every recipe has.
NEEDED = ("name", "model", "seed", "examples", "data_used", "recipe")
NUMBERS = ("steps", "batch_size")


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
        _check_types(self.config, self.path / CONFIG)
        report = self.path / REPORT
        self.report = read_json(report) if report.is_file() else None

    @property
    def measured(self):
        """Whether it was measured, whatever came of it."""
        return "transfer_seconds" in (self.report or {})

    @property
    def measures(self):
        """What the report measured, {name of the measure: dict in JSON's types}."""
        report = self.report or {}
        old = {name: report.get(key) for name, key in REPORT_KEYS.items()}
        found = {**old, **report.get("measures", {})}
        return {name: value for name, value in found.items() if value is not None}

    @property
    def encoder(self):
        """The trained encoder, a plain Keras model."""
        return self._load(ENCODER)

    @property
    def input(self):
        """What the encoder takes, a dict as of `described_input`.

        None for a run of a version that did not say so, or before there is an encoder.
        """
        path = self.path / INPUT
        return read_json(path) if path.is_file() else None

    @property
    def encoders(self):
        """Dict of all trained encoders by name, where a task has several.

        "encoder" is `encoder`; a task of pairs has, such as, "text_encoder" too.
        """
        files = [self.path / ENCODER, *sorted(self.path.glob("*_" + ENCODER))]
        return {file.stem: self._load(file.name) for file in files}

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
            return allowed.load_model(path)
        except allowed.Damaged as error:
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
    missing = [key for key in NEEDED if key not in config]
    recipe = config.get("recipe", {})
    missing += [f"recipe.{n}" for n in NUMBERS if not isinstance(recipe.get(n), int)]
    if missing:
        raise InvalidValue(f"{path} is damaged: it lacks a right {missing[0]!r}.")
    return config


def read_json(path):
    """Returns the object that a run's file holds.

    Raises:
        ValueError: If the file is damaged.
    """
    try:
        value = allowed.read_json(path, str(path))
    except InvalidValue as error:
        raise InvalidValue(f"{path} is damaged: {error}") from error
    if not isinstance(value, dict):
        raise InvalidValue(
            f"{path} is damaged: expected a JSON object, received "
            f"{type(value).__name__}."
        )
    return value


def _check_types(config, path):
    for key, types in CONFIG_TYPES.items():
        value = config.get(key, types[0]())
        parts = dict if key == "measures" else str
        paths = not isinstance(value, list) or all(isinstance(p, parts) for p in value)
        if not isinstance(value, types) or isinstance(value, bool) or not paths:
            raise InvalidValue(f"{path} is damaged: {key!r} is {value!r:.60}.")


def make_folder(path):
    """Makes a run's folder and checks that it can be written.

    Raises:
        NotADirectoryError: If a file stands there.
        PermissionError: If the folder cannot be made or written.
    """
    path = user_path(path, "out")
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
