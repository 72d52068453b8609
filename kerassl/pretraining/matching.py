"""Whether a folder holds the run that is asked for, and how far it is."""

import copy
import dataclasses
import shutil

from kerassl import callbacks, files, runs
from kerassl.errors import InvalidValue
from kerassl.pretraining.facts import asked, with_steps
from kerassl.pretraining.later_arguments import as_it_was, told_like, with_defaults
from kerassl.runs import Run

# What a run notes of itself that nobody asked for.
OWN_NOTES = ("format", "fitted", "stages", "unknown_share", "held_out", "stopped")
# Of more files than this only one digest is kept, which names none of them.
NAMED_FILES = 100_000
ELSEWHERE = "Choose another folder with `out`, or remove this one."


@dataclasses.dataclass
class Found:
    """What a folder holds of a run.

    Attributes:
        plan: The run's configuration: what is asked for, and in "stages" and
            "fitted" what has come of it.
        finished: The `Run`, if it has a report and its encoder.
        lengthened: From which step on it is now lengthened, or None.
    """

    plan: dict
    finished: Run | None = None
    lengthened: int | None = None


def find(path, plan, fingerprints, *, steps, write):
    """Returns what `path` holds of the run that `plan` asks for.

    Where no run has begun, its configuration is written. One that has begun is
    lengthened if more steps are asked for than it has. Arguments that came after it
    began are what they were then, unless the user asks for another value.

    Args:
        path: The run's folder.
        plan: What is asked for.
        fingerprints: Of the data's files, or None.
        steps: The steps that the user asked for, or None: then a run that was
            lengthened is the same one.
        write: Whether this process writes.

    Raises:
        ValueError: If another run is there.
    """
    plan = {**plan, "format": runs.FORMAT}
    begun = _has_begun(path)
    if not (path / runs.CONFIG).is_file():
        if begun:
            raise InvalidValue(
                f"{path} holds what a run has trained, but no {runs.CONFIG} that "
                f"says which run that is. {ELSEWHERE}"
            )
        return _begin(path, with_defaults(plan), fingerprints, write)
    run = Run(path)
    if not begun:  # as after a mistyped option
        plan = with_defaults(plan)
        if write and runs.difference(run.config, plan):
            shutil.rmtree(path / runs.TOKENIZER, ignore_errors=True)
        return _begin(path, plan, fingerprints, write)
    stored = as_it_was(runs.read_config(path))
    plan = told_like(plan, stored)
    longer = plan["recipe"]["steps"] - stored["recipe"]["steps"]
    _check_same(path, stored, _with_numbers_of(stored, plan), fingerprints)
    _check_length(path, stored, longer, steps)
    trained = (path / runs.ENCODER).is_file()
    if not trained:
        _check_format(path, stored)
    if longer > 0:
        return _lengthened(path, stored, longer, fingerprints, write)
    return Found(stored, run if run.report and trained else None)


def divided_like(path, plan):
    """Returns a plan that divides data without labels as a run that has begun did.

    Of these a part is kept out of training, its share in "held_out"; before, that was
    so only where a preset asked for it.

    Args:
        path: The run's folder.
        plan: What is asked for.
    """
    if not (path / runs.CONFIG).is_file() or not _has_begun(path):
        return plan
    stored = Run(path).config
    told = {"held_out": stored["held_out"]} if "held_out" in stored else {}
    return {**{key: plan[key] for key in plan if key != "held_out"}, **told}


def _check_length(path, stored, longer, steps):
    has = stored["recipe"]["steps"]
    if longer > 0 and steps is None:
        raise InvalidValue(
            f"{path} holds a run of {has:,} steps. `steps` lengthens it, such as "
            f"{has + longer}. {ELSEWHERE}"
        )
    if longer < 0 and (steps is not None or "stages" not in stored):
        raise InvalidValue(
            f"{path} holds a run of {has:,} steps, and `steps` can only be raised. "
            f"Received: {steps or has + longer}. {ELSEWHERE}"
        )


def _has_begun(path):
    held = callbacks.latest_checkpoint(path / runs.CHECKPOINTS)
    return held is not None or (path / runs.HISTORY).exists()


def _begin(path, plan, fingerprints, write):
    if write:
        files.write_json(path / runs.CONFIG, plan)
        _write_files(path, fingerprints)
    return Found(plan)


def _write_files(path, fingerprints):
    named = fingerprints is not None and len(fingerprints) <= NAMED_FILES
    files.write_json(path / runs.FILES, fingerprints if named else {})


def _with_numbers_of(stored, plan):
    """Returns a plan with the steps of another, and all that the run knows."""
    plan = copy.deepcopy(plan)
    before, now = stored["recipe"], plan["recipe"]
    with_steps(plan, before["steps"], instead_of=now["steps"])
    now.update({k: before[k] for k in ("steps", "warmup_steps") if {k} <= set(before)})
    for argument in asked(plan):
        if plan["model"][argument] is None:
            plan["model"][argument] = stored["model"].get(argument)
    return plan


def _check_same(path, stored, plan, fingerprints):
    """Raises where another run is stored, or the same one of other data."""
    stored = {key: value for key, value in stored.items() if key not in OWN_NOTES}
    plan = {key: value for key, value in plan.items() if key not in OWN_NOTES}
    known = stored.get("data_used", {})
    plan["data_used"] = facts_like(plan["data_used"], known)
    same_place = stored.get("examples") == plan.get("examples")
    changed = _changed_files(path, fingerprints or {}) if same_place else ""
    if changed and "digest" in known:
        raise InvalidValue(
            f"The data of {path} have changed since the run began: {changed}. Bring "
            f"them back, or begin another run: {ELSEWHERE.lower()}"
        )
    found = runs.difference(stored, plan)
    if found:
        raise InvalidValue(
            f"{path} holds a run of another configuration: {found}. {ELSEWHERE}"
        )


def facts_like(now, before):
    """Returns what is now told of data, without what was not told before.

    Later versions tell more of the data than the one that began a run.
    """
    return {key: value for key, value in now.items() if key in before}


def _changed_files(path, now):
    """Returns in words which files are not those that the run began with."""
    if not now or not (path / runs.FILES).is_file():
        return ""
    before = runs.read_json(path / runs.FILES)
    kept = [name for name in before if name in now]
    parts = (
        ("has other content", [name for name in kept if now[name] != before[name]]),
        ("is gone", [name for name in before if name not in now]),
        ("is new", [name for name in now if name not in before]),
    )
    words = [
        f"{names[0]!r} {what}"
        + (f" (and {len(names) - 1:,} more)" if len(names) > 1 else "")
        for what, names in parts
        if names
    ]
    return ", ".join(words) if before else ""


def _check_format(path, stored):
    found = stored.get("format", 1)
    if found != runs.FORMAT:
        raise InvalidValue(
            f"{path} was begun by another version of kerassl, which drew other "
            f"batches (format {found}, now {runs.FORMAT}): it cannot go on to the "
            f"bit. {ELSEWHERE}"
        )


def _lengthened(path, stored, longer, fingerprints, write):
    """Returns the run with another stage, from its last checkpoint on."""
    held = callbacks.latest_checkpoint(path / runs.CHECKPOINTS)
    if held is None:
        raise InvalidValue(
            f"{path} holds no checkpoint to go on from, so its `steps` cannot be "
            f"raised. {ELSEWHERE}"
        )
    start, before = held[1], stored["recipe"]["steps"]
    steps = before + longer
    share = stored["recipe"].get("warmup_steps", 0) / before
    stage = {
        "start": start,
        "steps": steps,
        "warmup_steps": round(share * (steps - start)),
    }
    plan = copy.deepcopy(stored)
    plan["stages"] = [*stages(stored), stage]
    plan["format"] = runs.FORMAT
    plan["recipe"]["steps"] = steps
    with_steps(plan, steps, instead_of=before)
    if write:
        _keep_earlier(path, before)
        files.write_json(path / runs.CONFIG, plan)
        _write_files(path, fingerprints)
    return Found(plan, lengthened=start)


def stages(plan):
    """Returns the stages of a run, each with a schedule of its own.

    Returns:
        List of dicts: "start" and "steps", from which step to which it goes, and
        its "warmup_steps". A run that was never lengthened has one.
    """
    recipe = plan["recipe"]
    whole = {"start": 0, "steps": recipe["steps"]}
    whole["warmup_steps"] = recipe.get("warmup_steps", 0)
    return plan.get("stages", [whole])


def _keep_earlier(path, steps):
    """Puts aside what the shorter run has left, so that none of it is lost."""
    for name in (runs.REPORT, runs.REPORT_PAGE, runs.TASK, runs.ENCODER):
        file = path / name
        if file.is_file():
            file.rename(file.with_name(f"{file.stem}-{steps}{file.suffix}"))
