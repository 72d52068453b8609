"""Pretraining in one call: data, tokenizer, training, resume, report."""

import datetime
import json
import platform
import shutil
import time
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from kerassl import callbacks, distribute, models, transfer, zoo
from kerassl import run as folder
from kerassl.data import (
    Subset,
    as_source,
    load_tokenizer,
    save_tokenizer,
    train_tokenizer,
)
from kerassl.data.dataset import prepared_batches
from kerassl.data.shards import is_shard_folder
from kerassl.data.tokenizers import is_stored_tokenizer
from kerassl.errors import InvalidType, InvalidValue
from kerassl.run import Run

# One line of the history, and one chance for a checkpoint, per this share of
# the run, so that a curve has about 50 points whatever the length.
LINES = 50

# What a run's configuration holds beside its preset's sections.
NOT_OF_THE_PRESET = ("seed", "examples", "reading", "data_used")

# Labelled examples of the user's own that are kept out of pretraining to test.
TEST_FRACTION = 0.2
# More points than this make an embedding map a blot and t-SNE slow.
MAP_EXAMPLES = 1000
DRAWN_EXAMPLES = 8
# Pictures of what the task makes of them, beside that of the untrained one.
DRAWINGS = 4


def pretrain(
    preset_or_task,
    data=None,
    *,
    out=None,
    steps=None,
    batch_size=None,
    seed=0,
    strategy="auto",
    overrides=None,
    evaluate=True,
    progress=True,
    checkpoint_seconds=30.0,
):
    """Pretrains an encoder and reports what it is worth.

    The run's folder holds the encoder (`encoder.keras`, plain Keras), the
    whole task, checkpoints, the history, TensorBoard event files, pictures
    and a report. Calling again with the same arguments returns the finished
    run, or resumes the one that was killed, bit for bit.

    Where labels are at hand, the report compares the encoder with the same
    encoder at random initialisation and with a supervised one. Labelled
    examples of your own are cut in two for that: a fifth, drawn by `seed`, is
    kept out of pretraining and only tested on. A language model also tells
    them, in bits per byte beside a unigram model.

    Args:
        preset_or_task: A preset's name, the path of a preset of your own, or a
            `kerassl.models.PretextModel`, compiled or not.
        data: The training examples: an array, a list of strings, a path or
            glob, a list of `pathlib.Path`, a `kerassl.data.Source`. None takes
            the preset's own.
        out: The run's folder; "runs/NAME" by default.
        steps: Optimizer steps; None for the preset's number.
        batch_size: Examples in a step over all replicas; None for the
            preset's number.
        seed: Integer from which all randomness comes.
        strategy: As in `kerassl.distribute.strategy`, or a strategy object.
        overrides: Dict of dotted keys, such as {"model.temperature": 0.2}. Beside
            `data`, keys under "data" say how to read it, such as {"data.unit":
            "file"}: they are options of `kerassl.data.as_source`.
        evaluate: Whether to compare with the controls afterwards.
        progress: Whether to show a progress bar.
        checkpoint_seconds: Seconds between checkpoints, at least; what a kill
            can cost.

    Returns:
        A `kerassl.run.Run`. Where several processes train together
        (`strategy="multi_worker"`), the first writes all files and reports; in the
        others the run is not finished yet.

    Raises:
        UnknownPreset: If no preset has this name.
        ValueError: If the folder holds a run of another configuration, or an
            argument is out of range.
        OSError: If the folder cannot be written or the data cannot be read.
        TrainingDiverged: If the loss became NaN or infinite.

    Example:
        >>> run = pretrain("simclr_digits", steps=20)  # doctest: +SKIP
        >>> run.encoder.output_shape  # doctest: +SKIP
        (None, 128)
    """
    # First of all: splitting the processor must come before TensorFlow is used.
    place = strategy if hasattr(strategy, "scope") else distribute.strategy(strategy)
    chief = distribute.is_chief(place)
    plan = _plan(preset_or_task, data, overrides, steps, batch_size, seed)
    path = Path(out or Path("runs") / plan["name"]).expanduser()
    if chief:
        folder.make_folder(path)
    train, test = _sources(plan, data, seed, hold_out=evaluate)
    plan["data_used"] = train.describe()
    if "num_examples" in plan["model"]:
        # A task that keeps something for every example, such as its cluster.
        plan["model"]["num_examples"] = len(train)
    plan = json.loads(json.dumps(plan))  # as it will be read back
    finished = _match(path, plan, write=chief)
    if finished and (not evaluate or test is None or finished.report["transfer"]):
        if progress and chief:
            print(f"{path} holds this run already, done {finished.report['date']}.\n")
        return finished
    if not (path / folder.ENCODER).is_file():
        with place.scope():
            stored = path / folder.TOKENIZER if chief else None
            task = _task(preset_or_task, plan, train, stored, progress)
            _check_shape(task, train)
            _fit(task, train, plan, path, progress, checkpoint_seconds)
        if chief:
            _draw_training(task, train, plan, path)
            _save(task, path)  # last, since it tells that all this was done
    return _report(path, train, test, evaluate, progress) if chief else Run(path)


def evaluate(path, *, data=None, seed=None, overrides=None, progress=True):
    """Compares the encoder of a finished run with its controls, anew.

    A run that was not evaluated may have pretrained on all examples. The report
    then says that those tested on were among them.

    Args:
        path: The run's folder.
        data: Labelled examples to use instead of the run's own; None for the
            run's.
        seed: Integer for label draws and controls; None for the run's.
        overrides: Dict of dotted keys under "transfer", such as
            {"transfer.draws": 5}.
        progress: Whether to show a progress bar.

    Returns:
        The `kerassl.run.Run`, its report written anew.

    Raises:
        FileNotFoundError: If the folder holds no finished run.
        ValueError: If the data have no labels, or were an object in memory, which
            `data` must give again.
    """
    run = Run(path)
    plan = {**run.config}
    changed = zoo.override({"transfer": plan.get("transfer", {})}, overrides or {})
    given = _read_back(plan["examples"]) if data is None else data
    if data is not None:
        plan.pop("reading", None)  # it says how to read the run's own
    split_seed = plan["seed"] if seed is None else _checked_seed(seed)
    train, test = _sources(plan, given, plan["seed"], hold_out=True)
    if test is None:
        raise InvalidValue(
            "These data have no labels to evaluate with. Give a folder with one "
            "subfolder a class, or a source with `labels`."
        )
    as_trained = json.loads(json.dumps(train.describe())) == plan["data_used"]
    return _report(
        Path(path),
        train,
        test,
        True,
        progress,
        changed["transfer"],
        split_seed,
        may_be_seen=_described(given) == run.config["examples"] and not as_trained,
    )


def preview(preset, data=None, *, seed=0, overrides=None):
    """Returns a figure of what a preset's pretext task does to examples.

    The data are read, and a tokenizer is trained on them, as a run would.

    Args:
        preset: A preset's name, or the path of a preset of your own.
        data: As in `pretrain`.
        seed: Integer from which all randomness comes.
        overrides: As in `pretrain`.

    Returns:
        A `matplotlib.figure.Figure` of the first examples.

    Raises:
        UnknownPreset: If no preset has this name.
        OSError: If the data cannot be read.
        ValueError: If an override or the data do not fit the preset.

    Example:
        >>> preview("simclr_digits").savefig("views.png")  # doctest: +SKIP
    """
    plan = _configured(preset, data, overrides)
    seed = _checked_seed(seed)
    source = _read(plan, data)
    pretext = zoo.load_pretext(plan, tokenizer=_tokenizer(plan, source))
    return pretext.draw(_drawn(source), tf.constant([seed, 0], tf.int64))


def _configured(preset, data, overrides):
    """Returns a preset's sections, and "reading" where `data` has options."""
    overrides = dict(overrides or {})
    own = [key for key in overrides if key.startswith("data.") and data is not None]
    reading = {key.removeprefix("data."): overrides.pop(key) for key in own}
    plan = zoo.override(zoo.config(preset), overrides)
    return {**plan, "reading": reading} if reading else plan


def _plan(preset_or_task, data, overrides, steps, batch_size, seed):
    """Returns everything that decides a run, as one JSON-ready dict."""
    if isinstance(preset_or_task, models.PretextModel):
        plan = _task_plan(preset_or_task, overrides)
    else:
        plan = _configured(preset_or_task, data, overrides)
    recipe = plan["recipe"]
    recipe["steps"] = _positive("steps", steps, recipe.get("steps"))
    recipe["batch_size"] = _positive("batch_size", batch_size, recipe.get("batch_size"))
    if "total_steps" in plan["model"] and "model.total_steps" not in (overrides or {}):
        # A schedule of the model's own, such as BYOL's tau, ends with the run.
        plan["model"]["total_steps"] = recipe["steps"]
    return {**plan, "seed": _checked_seed(seed)}


def _checked_seed(seed):
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise InvalidValue(
            f"`seed` must be an integer from 0 to 2**32 - 1. Received: {seed!r}"
        )
    return seed


def _task_plan(task, overrides):
    if overrides:
        raise InvalidValue(
            "`overrides` change a preset; a task is changed where it is made. "
            f"Received: {overrides!r}"
        )
    return {
        "name": task.name,
        "model": {"class": type(task).__name__, "config": task.get_config()},
        "recipe": {"batch_size": 256},
        "transfer": {},
    }


def _positive(name, value, default):
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidValue(f"`{name}` must be an integer >= 1. Received: {value!r}")
    return value


def _match(path, plan, write):
    """Returns the finished run in `path`, None if there is none.

    Raises if a run of another configuration is there. Where none has begun, its
    configuration is written if `write`.
    """
    config = path / folder.CONFIG
    if not config.is_file():
        if write:
            folder.write_json(config, plan)
        return None
    run = Run(path)
    found = folder.difference(run.config, plan)
    if found and (path / folder.HISTORY).exists():
        raise InvalidValue(
            f"{path} holds a run of another configuration: {found}. Choose another "
            "folder with `out`, or remove this one."
        )
    if found and write:  # but training never began, as with a mistyped option
        shutil.rmtree(path / folder.TOKENIZER, ignore_errors=True)
        folder.write_json(config, plan)
    return run if run.report else None


def _sources(plan, examples, seed, hold_out):
    """Returns the training source and a labelled test source or None."""
    plan["examples"] = _described(examples)
    train = _read(plan, examples)
    if examples is None:
        test = _test_split(plan["data"])
        if test is not None:
            return train, test
    if not hold_out or train.labels is None or len(np.unique(train.labels)) < 2:
        return train, None
    return _held_out(train, seed)


def _read(plan, examples):
    """Returns the source of examples, None for the preset's own."""
    if examples is not None:
        options = {**_options(plan, examples), **plan.get("reading", {})}
        try:
            return as_source(examples, modality=plan.get("modality"), **options)
        except TypeError as error:  # of an option that this kind does not have
            raise InvalidType(f"`data` cannot be read so: {error}") from error
    if "data" not in plan:
        raise InvalidValue("`data` is needed when a task of your own is pretrained.")
    return as_source(zoo.build(plan["data"]))


def _options(plan, examples):
    """Returns how to read a folder so that its examples fit the preset."""
    if isinstance(examples, str | Path) and is_shard_folder(examples):
        return {"sequence_length": plan["pretext"]["sequence_length"]}
    if plan.get("modality") != "image" or not isinstance(examples, str | Path):
        return {}
    if not Path(examples).expanduser().is_dir():
        return {}
    options = {}
    if "input_shape" in plan["encoder"]:
        options["size"], *_, options["channels"] = plan["encoder"]["input_shape"]
    if "size" in plan["pretext"]:
        options["size"] = plan["pretext"]["size"]
    return options


def _described(examples):
    """Returns what run.json says of the data: the paths, else only the type."""
    if examples is None or isinstance(examples, str):
        return examples
    if isinstance(examples, Path):
        return str(examples)
    if isinstance(examples, list) and examples:
        if all(isinstance(path, Path) for path in examples):
            return [str(path) for path in examples]
    return f"<{type(examples).__name__}>"


def _read_back(described):
    """Returns the data that run.json names, the reverse of `_described`."""
    if isinstance(described, list):
        return [Path(path) for path in described]
    if described is not None and described.startswith("<"):
        raise InvalidValue(
            f"`data` is needed: the run was given an object in memory, {described}."
        )
    return described


def _test_split(spec):
    from kerassl.zoo.assemble import accepted, resolve

    known = accepted(resolve(spec["class"])) or ()
    if "split" not in known:
        return None
    return as_source(zoo.build({**spec, "split": "test"}))


def _held_out(source, seed):
    from sklearn.model_selection import train_test_split

    positions = np.arange(len(source))
    _, counts = np.unique(source.labels, return_counts=True)
    stratify = source.labels if counts.min() >= 2 else None
    train, test = train_test_split(
        positions, test_size=TEST_FRACTION, random_state=seed, stratify=stratify
    )
    return (
        Subset(source, np.sort(train)),
        Subset(source, np.sort(test)),
    )


def _task(preset_or_task, plan, train, stored, progress):
    """Returns the task, compiled, at the state in which training begins."""
    if isinstance(preset_or_task, models.PretextModel):
        task = preset_or_task
        if not task.compiled:
            optimizers = {p: keras.optimizers.AdamW(1e-3) for p in task.players()}
            several = len(optimizers) > 1
            task.compile(optimizers if several else optimizers.popitem()[1])
        return task
    # Before the tokenizer: seeding makes TensorFlow forget SentencePiece models.
    keras.utils.set_random_seed(plan["seed"])
    tokenizer = _tokenizer(plan, train, stored, progress)
    spec = {k: v for k, v in plan.items() if k not in NOT_OF_THE_PRESET}
    task = zoo.load(spec, tokenizer=tokenizer)
    task.compile(_optimizer(plan["recipe"], task))
    return task


def _check_shape(task, train):
    """Raises where the encoder cannot take what the pretext layer makes."""
    made = _prepared(task.pretext, train, limit=1)
    taken = task.encoder.input_shape
    if not isinstance(taken, tuple) or not hasattr(made, "shape"):
        return  # several inputs, by name
    made, taken = made.shape[1:], taken[1:]
    if len(made) != len(taken) or any(
        size not in (None, length) for size, length in zip(taken, made, strict=True)
    ):
        raise InvalidValue(
            f"The encoder takes examples of shape {taken}. Received from the pretext "
            f"layer: {made}. Change the sections `encoder` and `pretext` together."
        )


def _tokenizer(plan, train, stored=None, progress=None):
    """Returns the tokenizer of a run, or None where the preset names one.

    Args:
        plan: The run's configuration.
        train: The source, that of the texts or of tokens with their tokenizer.
        stored: The folder in which the run keeps it, or None.
        progress: As in `train_tokenizer`.
    """
    section = plan.get("tokenizer")
    if section is None or "class" in section:
        return None  # the zoo loads the tokenizer that a preset names
    if stored is not None and is_stored_tokenizer(stored):
        return load_tokenizer(stored)
    own = getattr(train, "tokenizer", None)
    if own is None:
        return train_tokenizer(train, **section, out=stored, progress=progress)
    if stored is None:
        return own
    save_tokenizer(own, stored)
    return load_tokenizer(stored)


def _optimizer(recipe, task):
    """Returns the optimizer of a recipe, or a dict of one for each player.

    The recipe's "optimizer" is one section, or a dict of sections by player.
    A section's own learning rate goes before the recipe's.
    """
    section = recipe.get("optimizer", {"class": "keras.optimizers.AdamW"})
    players, every = task.players(), task.steps_per_update()
    if "class" in section and len(players) == 1:
        return _scheduled(section, recipe)
    parts = dict.fromkeys(players, section) if "class" in section else section
    return {
        player: _scheduled(part, recipe, every.get(player, 1))
        for player, part in parts.items()
    }


def _scheduled(section, recipe, every=1):
    """Returns an optimizer whose rate falls to 0 in a run's last step.

    Args:
        section: The optimizer's part of the recipe.
        recipe: The recipe.
        every: In every how many steps the optimizer updates: it counts its own
            updates only.
    """
    rate = section.get("learning_rate", recipe.get("learning_rate", 1e-3))
    warmup = recipe.get("warmup_steps", 0) // every
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else rate,
        decay_steps=max(1, recipe["steps"] // every - warmup),
        warmup_target=rate if warmup else None,
        warmup_steps=warmup,
    )
    return zoo.build(section, learning_rate=schedule)


def _fit(task, train, plan, path, progress, checkpoint_seconds):
    steps = plan["recipe"]["steps"]
    batch_size = plan["recipe"]["batch_size"]
    checkpoints = path / folder.CHECKPOINTS
    start = _restore(task, checkpoints)
    at_once = task.steps_per_execution
    if steps % at_once:
        raise InvalidValue(
            f"`steps` must be a multiple of {at_once}, the `steps_per_execution` that "
            f"the task was compiled with. Received: {steps}"
        )
    epoch_steps = max(1, steps // at_once // LINES) * at_once
    chief = distribute.is_chief(task)
    log = callbacks.RunLog(
        path / folder.HISTORY,
        batch_size=batch_size,
        start=start,
        tensorboard=path / folder.TENSORBOARD,
    )
    monitors = [
        callbacks.StopOnNaN(checkpoints),
        callbacks.CollapseMonitor(
            _prepared(task.pretext, train, limit=256),
            **({} if task.can_collapse else {"min_std": 0.0, "min_rank": 0.0}),
        ),
        *([log] if chief else []),
        callbacks.SampleGrid(
            path / folder.PICTURES, _drawn(train), every=max(1, steps // DRAWINGS)
        ),
        callbacks.Checkpoint(
            checkpoints, start=start, every_seconds=checkpoint_seconds
        ),
        callbacks.StopAtStep(steps, start=start),
    ]
    bar = callbacks.ProgressBar(steps, start=start) if progress and chief else None
    if start < steps:
        dataset = task.dataset(
            train, batch_size=batch_size, seed=plan["seed"], start=start
        )
        try:
            task.fit(
                dataset,
                initial_epoch=start // epoch_steps,
                epochs=-(-steps // epoch_steps),
                steps_per_epoch=epoch_steps,
                callbacks=[*monitors, *([bar] if bar else [])],
                verbose=0,
            )
        finally:
            if bar:
                bar.close()


def _save(task, path):
    for model, name in ((task, folder.TASK), (task.encoder, folder.ENCODER)):
        # Keras reads the format from the ending, so it must stay.
        unfinished = path / f".unfinished-{name}"
        model.save(unfinished)
        unfinished.replace(path / name)


def _restore(task, checkpoints):
    found = callbacks.latest_checkpoint(checkpoints)
    if found is None:
        return 0
    callbacks.restore_checkpoint(task, found[0])
    return found[1]


def _prepared(pretext, source, limit=None):
    """Returns clean encoder inputs of a source as NumPy arrays."""
    if limit is not None and limit < len(source):
        source = Subset(source, np.arange(limit))
    batches = list(prepared_batches(source, pretext).as_numpy_iterator())
    return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *batches)


def _drawn(source):
    """Returns the examples that a run draws, from all over the data.

    The first ones of a folder are often of one class.
    """
    count = min(DRAWN_EXAMPLES, len(source))
    return source.fetch(np.linspace(0, len(source) - 1, count, dtype="int64"))


def _draw_training(task, train, plan, path):
    figure = task.pretext.draw(_drawn(train), tf.constant([plan["seed"], 0], tf.int64))
    figure.savefig(path / folder.VIEWS, dpi=120, bbox_inches="tight")
    rows = callbacks.read_log(path / folder.HISTORY)
    figure = callbacks.loss_curve(rows)
    figure.savefig(path / folder.LOSS, dpi=120, bbox_inches="tight")


def _report(
    path, train, test, compare, progress, options=None, seed=None, may_be_seen=False
):
    run = Run(path)
    plan = run.config
    rows = callbacks.read_log(path / folder.HISTORY)
    if not rows:
        raise FileNotFoundError(
            f"{path / folder.HISTORY} tells of no step: nothing was trained there."
        )
    report = {
        "name": plan["name"],
        "config_hash": zoo.config_hash(plan),
        "seed": plan["seed"],
        "steps": plan["recipe"]["steps"],
        "batch_size": plan["recipe"]["batch_size"],
        "training_seconds": rows[-1]["seconds"],
        "last": rows[-1],
        "data": plan["data_used"],
        "environment": _environment(),
        "date": datetime.date.today().isoformat(),
        "transfer": None,
        "held_out": None,
    }
    if compare and test is not None:
        begin = time.monotonic()
        task = run.task
        report["transfer"], page = _compare(
            run,
            task.pretext,
            train,
            test,
            progress,
            options,
            plan["seed"] if seed is None else seed,
        )
        measured = None if may_be_seen else task.held_out(test, train)
        if may_be_seen:
            page += (
                "\n\nThe data were not divided so for training: examples that are "
                "tested on may have been pretrained on, without their labels."
            )
        if measured is not None:
            report["held_out"] = measured.to_dict()
            page += f"\n\nExamples kept out of training:\n\n{measured.to_markdown()}"
        report["transfer_seconds"] = round(time.monotonic() - begin, 1)
    elif not compare:
        page = "Not evaluated: the run was asked not to."
    else:
        page = (
            "No labels were given, so there is nothing to compare with. A folder with "
            "one subfolder a class, or a labelled source, brings the table."
        )
    folder.write_text(path / folder.REPORT_PAGE, _page(report, page))
    folder.write_json(path / folder.REPORT, report)
    return Run(path)


def _compare(run, pretext, train, test, progress, options, seed):
    encoder = run.encoder
    test_x = _prepared(pretext, test)
    comparison = transfer.compare(
        encoder,
        (_prepared(pretext, train), train.labels),
        (test_x, test.labels),
        seed=seed,
        progress=progress,
        **(run.config.get("transfer", {}) if options is None else options),
    )
    comparison.figure().savefig(
        run.path / folder.FEW_LABELS, dpi=120, bbox_inches="tight"
    )
    some = np.random.default_rng(seed).permutation(len(test))[:MAP_EXAMPLES]
    figure = transfer.embedding_map(
        encoder,
        keras.tree.map_structure(lambda part: part[some], test_x),
        test.labels[some],
        class_names=test.class_names,
        seed=seed,
    )
    figure.savefig(run.path / folder.EMBEDDING, dpi=120, bbox_inches="tight")
    return comparison.to_dict(), comparison.to_markdown()


def _environment():
    packages = ("kerassl", "keras", "keras-hub", "tensorflow", "numpy", "scikit-learn")
    devices = [d.device_type for d in tf.config.list_physical_devices()]
    return {
        "python": platform.python_version(),
        "backend": distribute.BACKEND,
        "machine": platform.machine(),
        "devices": sorted(devices),
        **{name: version(name) for name in packages},
    }


def _page(report, transfer_page):
    used = report["data"]
    last = report["last"]
    lines = [
        f"# {report['name']}",
        "",
        f"{report['steps']} steps of {report['batch_size']} examples from "
        f"{used['examples']} in {report['training_seconds']:.0f} s; last loss "
        f"{last['loss']:.4f}; seed {report['seed']}, configuration "
        f"{report['config_hash']}, {report['date']}.",
    ]
    if used["skipped"]:
        first = "; ".join(
            f"{s['where']} ({s['reason']})" for s in used["skipped_first"]
        )
        lines.append(f"{used['skipped']} records were skipped: {first}.")
    return "\n".join([*lines, "", transfer_page.strip(), ""])
