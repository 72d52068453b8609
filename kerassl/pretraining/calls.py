"""The three calls: pretrain, evaluate and preview."""

import json
from pathlib import Path

import tensorflow as tf

from kerassl import distribute, files, models, runs, transfer, zoo
from kerassl.checks import check_number, user_path
from kerassl.data.coverage import unknown_share
from kerassl.data.dataset import check_examples, check_fits
from kerassl.data.windows import windows_for
from kerassl.errors import InvalidValue
from kerassl.locks import locked
from kerassl.pretraining.examples import described, drawn, read, read_back
from kerassl.pretraining.facts import fill
from kerassl.pretraining.given import read_all
from kerassl.pretraining.header import header, tell
from kerassl.pretraining.matching import divided_like, facts_like, find
from kerassl.pretraining.measuring import (
    Findings,
    expected,
    labels_wanted,
    measure_all,
    measures_of,
    work_of,
)
from kerassl.pretraining.plan import checked_seed, configured, run_plan
from kerassl.pretraining.recipe import run_recipe
from kerassl.pretraining.report import history_of, write_report
from kerassl.pretraining.run_progress import RunProgress
from kerassl.pretraining.stopping import check_callbacks, stopping_plan
from kerassl.pretraining.task import compile_task, own_task, parts, tokenizer_for
from kerassl.pretraining.tracking import check_track, tracking
from kerassl.pretraining.training import (
    TRAINING,
    draw_training,
    save,
    train_task,
    work_left,
)
from kerassl.runs import Run

# What there must be to evaluate with.
WANTED = (
    "Give a folder with one subfolder a class, a source with `labels`, or `test_data` "
    "that the run was not trained on."
)


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
    test_data=None,
    validation_data=None,
    callbacks=None,
    early_stop=None,
    restore_best=False,
    track=None,
):
    """Pretrains an encoder and reports what it is worth.

    The run's folder holds the encoder (`encoder.keras`, plain Keras), the
    whole task, checkpoints, the history, TensorBoard event files, pictures
    and a report. Calling again with the same arguments returns the finished
    run, or resumes the one that was killed, bit for bit.

    Where labels are at hand, the report compares the encoder with the input
    itself, with the same encoder at random initialisation and with a supervised
    one; it begins with a sentence on whether the encoder beats the input. Labelled
    examples of your own are cut in two for that: a fifth, drawn by `seed`, is
    kept out of pretraining and only tested on. Of examples without labels it is a
    twentieth, at most 1,000, and a report tells how well the task itself is done on
    them: a language model tells them in bits per byte or nats per token beside models
    that count, an autoencoder restores them beside PCA, views find each other.

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
        test_data: Examples of your own to measure on, in any form of `data`. Then
            all of `data` are trained on.
        validation_data: Examples of your own, likewise. Probes choose their settings
            on those with labels, instead of on a part of the training labels, and the
            history has the task's loss on some of them, `val_loss`.
        callbacks: List of `keras.callbacks.Callback`s of your own, which see the logs
            of steps and of the lines of the history. They are no part of the run's
            configuration. One that sets `model.stop_training` ends the run.
        early_stop: After how many lines of the history (50 in a run) without a new
            least `val_loss` the run ends; needs `validation_data`. None trains to the
            last step.
        restore_best: Whether the encoder is then the one of the least `val_loss`,
            rather than the last.
        track: "wandb" or "mlflow", where the run is to be seen too (extras
            `kerassl[wandb]` and `kerassl[mlflow]`).

    Returns:
        A `kerassl.runs.Run`. Where several processes train together
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
    if not hasattr(strategy, "scope"):
        strategy = distribute.strategy(strategy)
    check_number("checkpoint_seconds", checkpoint_seconds, least=0)
    stopping = stopping_plan(early_stop, restore_best, validation_data)
    callbacks = check_callbacks(callbacks)
    check_track(track)
    plan, rules = run_plan(preset_or_task, data, overrides, steps, batch_size, seed)
    plan |= stopping
    transfer.check_options(plan.get("transfer", {}), "transfer.")
    own = None if isinstance(preset_or_task, str | Path) else preset_or_task
    measures = measures_of(plan, own)
    given = {"data": data, "test": test_data, "validation": validation_data}
    path = _folder(out, plan["name"])
    if not distribute.is_chief(strategy):
        plan = divided_like(path, plan)
        read = _read(plan, given, measures, evaluate)
        return _other_process(
            path, preset_or_task, plan, rules, read, steps, strategy, callbacks
        )
    runs.make_folder(path)
    with locked(path):
        plan = divided_like(path, plan)
        read = _read(plan, given, measures, evaluate)
        found = _find(path, plan, read.train, steps=steps, write=True)
        finished, plan = found.finished, found.plan
        if finished and (not evaluate or read.test is None or finished.measured):
            if progress:
                print(f"{path} holds this run already, done {finished.report['date']}.")
                print()
            return finished
        untrained = found.lengthened is not None or not (path / runs.ENCODER).is_file()
        with tracking(track, plan, path) as tracker, RunProgress(progress) as bar:
            if untrained:
                with strategy.scope():
                    task, examples = _ready(
                        preset_or_task, plan, rules, read, path, progress
                    )
                    asked = measures if evaluate else []
                    made = expected(task, asked, read.test) if asked else None
                    for measure in made or ():
                        measure.check(task)
                    if progress:
                        tell(header(plan, rules, read, task, path, made))
                    work = {TRAINING: work_left(plan, path)}
                    bar.expect({**work, **work_of(made or (), read)})
                    train_task(
                        *(task, examples, plan, path, bar, checkpoint_seconds),
                        validation=read.validation,
                        own=[*callbacks, *tracker.callbacks()],
                    )
                draw_training(task, read.train, plan, path)
                save(task, path)  # last, since it tells that all this was done
            findings = _findings(path, measures, read, seed, evaluate, bar)
            findings.asked = _asked(given, plan, seed)
            run = write_report(path, findings)
            tracker.tell(run)
            return run


def _read(plan, given, measures, evaluate):
    """Returns the `Examples` of a run: those given, or the preset's own."""
    kinds = labels_wanted(plan, measures) if evaluate else set()
    return read_all(plan, seed=plan["seed"], kinds=kinds, **given)


def _findings(path, measures, read, seed, evaluate, bar):
    """Returns what a trained run's measures find, or why there is nothing."""
    if not evaluate:
        return Findings(page="Not evaluated: the run was asked not to.")
    if read.test is None:
        return Findings(
            page="Nothing was kept out of training, so there is nothing to compare "
            "with. `test_data`, a folder with one subfolder a class, or a labelled "
            "source, brings the table."
        )
    task = Run(path).task
    bar.expect(work_of(expected(task, measures, read.test), read))
    return measure_all(task, measures, read, seed, bar, False)


def _asked(given, plan, seed):
    """Returns what an evaluation is asked, in JSON's types."""
    places = {name: described(each) for name, each in given.items()}
    return {**places, "transfer": plan.get("transfer", {}), "seed": seed}


def _folder(out, name):
    """Returns the path of a run's folder."""
    if out is not None and not str(out).strip():
        raise InvalidValue(
            "`out` must name a folder, or be None for runs/NAME. Received: ''"
        )
    return user_path(out or Path("runs") / name, "out")


def _find(path, plan, train, **options):
    """Completes a plan by what is read, and returns what a folder holds of it."""
    plan["data_used"] = train.describe()
    plan = json.loads(json.dumps(plan))  # as it will be read back
    return find(path, plan, train.fingerprints(), **options)


def _ready(preset_or_task, plan, rules, read, path, progress):
    """Returns the compiled task and its examples, the run fitted to them."""
    train = read.train
    if isinstance(preset_or_task, models.PretextModel):
        task = own_task(preset_or_task)
        examples = _fitted(plan, rules, train, task.pretext, path)
    else:
        stored = path and path / runs.TOKENIZER
        made = parts(plan, train, stored, progress)
        examples = _fitted(plan, rules, train, made.pretext, path)
        task = made.task(plan["model"])
    check_fits(train, task.pretext, task.encoder)
    read.check(task)
    compile_task(task, plan)
    return task, examples


def _fitted(plan, rules, train, pretext, path):
    """Returns the examples as the pretext layer reads them, the plan fitted to them.

    Args:
        plan: The run's configuration, which gets what the examples decide.
        rules: The `Rules` of its recipe.
        train: The `Source`.
        pretext: The pretext layer.
        path: The run's folder, or None in a process that writes nothing.
    """
    check_examples(train, pretext)
    # Windows over the texts, for a task that reads such: tokenised once.
    examples = windows_for(train, pretext)
    if "fitted" not in plan:
        plan["fitted"] = rules.fit(len(examples), examples.unit)
        batch_size = run_recipe(plan)["batch_size"]
        fill(
            plan,
            examples=len(examples),
            batches_in_pass=max(1, len(examples) // batch_size),
        )
        tokenizer = getattr(pretext, "tokenizer", None)
        if tokenizer is not None:
            plan["unknown_share"] = unknown_share(train, tokenizer)
        if path:
            files.write_json(path / runs.CONFIG, plan)
    return examples


def _other_process(path, preset_or_task, plan, rules, read, steps, strategy, callbacks):
    """Trains as one of several processes, of which the first writes the files."""
    found = _find(path, plan, read.train, steps=steps, write=False)
    if found.lengthened is not None or not (path / runs.ENCODER).is_file():
        with strategy.scope():
            task, examples = _ready(
                preset_or_task, found.plan, rules, read, None, False
            )
            train_task(
                *(task, examples, found.plan, path, RunProgress(shown=False)),
                validation=read.validation,
                own=callbacks,
            )
    return Run(path)


def evaluate(
    path,
    *,
    data=None,
    seed=None,
    overrides=None,
    progress=True,
    test_data=None,
    validation_data=None,
):
    """Compares the encoder of a finished run with its controls, anew.

    A run that was not evaluated may have pretrained on all examples. The report
    then says that those tested on were among them. What earlier evaluations found
    stays in the report, under what this one finds.

    Args:
        path: The run's folder.
        data: Labelled examples to use instead of the run's own; None for the
            run's.
        seed: Integer for label draws and controls; None for the run's.
        overrides: Dict of dotted keys under "transfer", such as
            {"transfer.draws": 5}.
        progress: Whether to show a progress bar.
        test_data: Examples to measure on, as in `pretrain`. None takes the run's,
            unless `data` are given, of which then a part is tested on.
        validation_data: Examples to choose settings on, likewise.

    Returns:
        The `kerassl.runs.Run`, its report written anew.

    Raises:
        FileNotFoundError: If the folder holds no finished run.
        ValueError: If there is nothing to measure on, or the data were an object in
            memory, which `data` must give again.
    """
    path = user_path(path, "path")
    run = Run(path)
    history_of(path)  # before hours of measuring
    plan = runs.read_config(path)
    changed = zoo.override({"transfer": plan.get("transfer", {})}, overrides or {})
    transfer.check_options(changed["transfer"], "transfer.")
    given = _given_again(plan, data, test_data, validation_data)
    split_seed = plan["seed"] if seed is None else checked_seed(seed)
    task = run.task
    plan = {**plan, "transfer": changed["transfer"]}
    measures = measures_of(plan, task)
    read = _read(plan, given, measures, True)
    if read.test is None:
        raise InvalidValue(f"These data have no labels to evaluate with. {WANTED}")
    read.check(task)
    seen = _may_be_seen(run.config, read, given, test_data)
    with locked(path), RunProgress(progress) as bar:
        bar.expect(work_of(expected(task, measures, read.test), read))
        findings = measure_all(task, measures, read, split_seed, bar, seen)
        if seen and not findings.results:
            raise InvalidValue(
                "These data have no labels to evaluate with, and were pretrained on. "
                f"{WANTED}"
            )
        findings.asked = _asked(given, plan, split_seed)
        return write_report(path, findings)


def _given_again(plan, data, test_data, validation_data):
    """Returns what an evaluation reads: what is given, else what the run did."""
    given = {"data": data, "test": test_data, "validation": validation_data}
    if data is not None:
        plan.pop("reading", None)  # it says how to read the run's own
        return given
    given["data"] = read_back(plan["examples"])
    for name in ("test", "validation"):
        if given[name] is None and f"{name}_data" in plan:
            given[name] = read_back(plan[f"{name}_data"], f"{name}_data")
    return given


def _may_be_seen(config, read, given, test_data):
    """Tells whether a run may have been trained on what it is now tested on."""
    if test_data is not None:
        own = described(test_data)
        return own == config["examples"] and not str(own).startswith("<")
    now = json.loads(json.dumps(read.train.describe()))
    before = config["data_used"]
    return described(given["data"]) == config["examples"] and (
        facts_like(now, before) != before
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
    plan = configured(preset, data, overrides)
    seed = checked_seed(seed)
    source = read(plan, data)
    pretext = zoo.load_pretext(plan, tokenizer=tokenizer_for(plan, source))
    return pretext.draw(drawn(source), tf.constant([seed, 0], tf.int64))
