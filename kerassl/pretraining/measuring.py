"""What a run is measured by, and what that finds."""

import time
from dataclasses import dataclass, field

from kerassl import transfer, zoo
from kerassl.pretraining.run_progress import part_of
from kerassl.zoo.assemble import resolve


@dataclass
class Findings:
    """What the measures of a run found.

    Attributes:
        results: {name of a measure: what it returned}.
        left_out: {name of a measure: why it was not made}.
        verdicts: {name of a measure: `kerassl.transfer.Verdict`}, of those that
            have one.
        page: All of it in Markdown, but for the verdicts' sentences.
        seconds: How long it took; None where nothing was to be measured.
        asked: What was asked for where the run was evaluated anew, else empty.
    """

    results: dict = field(default_factory=dict)
    left_out: dict = field(default_factory=dict)
    verdicts: dict = field(default_factory=dict)
    page: str = ""
    seconds: float | None = None
    asked: dict = field(default_factory=dict)


def measures_of(plan, task=None):
    """Returns the measures that a run's preset lists, else those of its task.

    Args:
        plan: The run's configuration.
        task: The task, or its class; None takes the class that the plan names.

    Raises:
        ValueError: If one is unknown, or an option of it out of range.
    """
    if "measures" in plan:
        return [_built(plan, spec) for spec in plan["measures"]]
    if task is None:
        task = resolve(plan["model"]["class"], "model")
    return [
        each if isinstance(each, transfer.Measure) else _named(plan, each)
        for each in task.default_measures
    ]


def _named(plan, name):
    cls = transfer.measure_by_name(name)
    return _built(plan, {"class": f"kerassl.transfer.{cls.__name__}"})


def _built(plan, spec):
    section = resolve(spec.get("class"), "measure").section
    return zoo.build({**plan.get(section, {}), **spec}, "measure")


def labels_wanted(plan, measures):
    """Returns the kinds of labels for which examples are kept out to test on.

    Args:
        plan: The run's configuration.
        measures: As `measures_of` gives them.

    Returns:
        A set of keys of `kerassl.data.source.LABEL_KINDS`; None is in it where
        examples without labels are kept out too. Before plans had "held_out", a
        preset had to ask for that.
    """
    kinds = {measure.needs for measure in measures}
    asked = "held_out" in plan or "measures" in plan
    return kinds if asked else kinds - {None}


def work_of(made, read):
    """Returns {name of a measure: its work} of those that will be made.

    Args:
        made: As `expected` gives them.
        read: The `Examples`.
    """
    return {each.name: each.work(read.train, read.test) for each in made}


def expected(task, measures, test):
    """Returns the measures that will be made, as far as a task and its data tell.

    Args:
        task: As in `measure_all`, and so `measures`.
        measures: See `task`.
        test: The `Source` to measure on, or None.
    """
    if test is None:
        return []
    first = [each for each in measures if not each.fallback]
    made = [each for each in first if each.left_out(task, test) is None]
    # Whether one of these fits takes seconds to tell: it makes views, or batches.
    last = [each for each in measures if each.fallback and not made]
    return made or [each for each in last if each.left_out(task, test) is None][:1]


def measure_all(task, measures, read, seed, progress, may_be_seen):
    """Returns the `Findings` of all measures that fit a task and its data.

    Args:
        task: The trained task.
        measures: As `measures_of` gives them.
        read: The `Examples`: to learn labels from, to measure on, and perhaps to
            choose settings on.
        seed: As a measure takes it, and so `progress`.
        progress: See `seed`.
        may_be_seen: Whether the task may have been trained on the test examples.
    """
    train, test = read.train, read.test
    begin = time.monotonic()
    results, verdicts, left_out, parts = {}, {}, {}, []
    for measure in sorted(measures, key=lambda each: each.fallback):
        if measure.fallback and results:
            continue
        reason = measure.left_out(task, test)
        if reason is None and may_be_seen and measure.unseen:
            reason = "it needs examples that were kept out of pretraining"
        if reason is not None:
            left_out[measure.name] = reason
            parts.append(f"Left out was the measure {measure.name}: {reason}.")
            continue
        chosen_on = {"validation": read.validation} if measure.reads_validation else {}
        with part_of(progress, measure.name):
            found = measure(
                task, train, test, seed=seed, progress=progress, **chosen_on
            )
        results[measure.name] = found
        table, verdict = found.to_markdown(), getattr(found, "verdict", None)
        if verdict is not None:
            verdicts[measure.name] = verdict
            # The page of the run begins with it.
            table = table.removeprefix(verdict.sentence).strip()
        parts += [measure.heading, table]
    if may_be_seen:
        parts.append(
            "The data were not divided so for training: examples that are tested on "
            "may have been pretrained on, without their labels."
        )
    page = "\n\n".join(part for part in parts if part)
    seconds = round(time.monotonic() - begin, 1)
    return Findings(results, left_out, verdicts, page, seconds)
