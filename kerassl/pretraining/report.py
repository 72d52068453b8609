"""The report of a run: what its measures found, and how it was made."""

import datetime
import platform
from importlib.metadata import version

import tensorflow as tf

from kerassl import callbacks, distribute, files, pictures, runs, zoo
from kerassl.pretraining.board import write_board
from kerassl.pretraining.earlier import earlier, pages_of
from kerassl.pretraining.matching import stages
from kerassl.pretraining.recipe import run_recipe
from kerassl.pretraining.stopping import told
from kerassl.runs import Run


def history_of(path):
    """Returns the rows of a trained run's history.

    Args:
        path: The run's folder.

    Raises:
        FileNotFoundError: If there are none.
    """
    rows = callbacks.read_log(path / runs.HISTORY)
    if not rows:
        raise FileNotFoundError(
            f"{path / runs.HISTORY} tells of no step: nothing was trained there."
        )
    return rows


def write_report(path, findings):
    """Writes the report of a run, and returns the `Run`.

    Args:
        path: The run's folder.
        findings: What the run's measures found, `measuring.Findings`.
    """
    run = Run(path)
    plan = run.config
    rows = history_of(path)
    report = {
        "name": plan["name"],
        "config_hash": zoo.config_hash(plan),
        "seed": plan["seed"],
        "steps": plan["recipe"]["steps"],
        "batch_size": run_recipe(plan)["batch_size"],
        "fitted": plan.get("fitted", {}),
        "stages": stages(plan),
        "stopped": plan.get("stopped"),
        "unknown_share": plan.get("unknown_share"),
        "training_seconds": rows[-1]["seconds"],
        "last": rows[-1],
        "data": plan["data_used"],
        "encoder_input": run.input,
        "environment": _environment(),
        "date": datetime.date.today().isoformat(),
        **_measured(findings),
        "earlier": earlier(run, findings.asked),
    }
    for result in findings.results.values():
        for stem, figure in result.figures().items():
            pictures.save(figure, path / f"{stem}.png")
    files.write_text(path / runs.REPORT_PAGE, _page(report, plan))
    files.write_json(path / runs.REPORT, report)
    run = Run(path)
    write_board(run)
    return run


def _measured(findings):
    """Returns what the measures found, by the keys of a report."""
    found = {name: result.to_dict() for name, result in findings.results.items()}
    named = {key: found.pop(name, None) for name, key in runs.REPORT_KEYS.items()}
    verdicts = {name: each.to_dict() for name, each in findings.verdicts.items()}
    measured = {**named, "verdict": verdicts, "measures": found}
    measured |= {"left_out": findings.left_out, "page": findings.page}
    measured["asked"] = findings.asked
    if findings.seconds is not None:
        measured["transfer_seconds"] = findings.seconds
    return measured


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


def _page(report, plan):
    used = report["data"]
    last = report["last"]
    lines = [
        f"# {report['name']}",
        "",
        *_paragraphs(each["sentence"] for each in report["verdict"].values()),
        f"{report['steps']} steps of {report['batch_size']} examples from "
        f"{used['examples']} in {report['training_seconds']:.0f} s; last loss "
        f"{last['loss']:.4f}; seed {report['seed']}, configuration "
        f"{report['config_hash']}, {report['date']}.",
    ]
    lines += told(plan)
    if used["skipped"]:
        first = "; ".join(
            f"{s['where']} ({s['reason']})" for s in used["skipped_first"]
        )
        kinds = ", ".join(
            f"{count:,} {reason}"
            for reason, count in used.get("skipped_by_reason", {}).items()
        )
        counted = f" ({kinds})" if kinds else ""
        lines.append(
            f"{used['skipped']} records were skipped{counted}. The first: {first}."
        )
    lines += used.get("notes", [])
    if report["encoder_input"] is not None:
        lines.append(f"The encoder takes {report['encoder_input']['told']}.")
    if report["fitted"]:
        changed = ", ".join(
            f"{key} {value}"
            for key, value in report["fitted"].items()
            if not isinstance(value, dict)
        )
        lines.append(f"Fitted to the size of the data: {changed}.")
    if report["unknown_share"]:
        share = report["unknown_share"]
        lines.append(f"{share:.2%} of the tokens are unknown to the vocabulary.")
    for name, done in ("test", "Tested"), ("validation", "Settings are chosen"):
        if report["asked"].get(name) is not None:
            lines.append(
                f"{done} on examples that were given: {report['asked'][name]}."
            )
    pages = [report["page"].strip(), *pages_of(report)]
    return "\n".join([*lines, "", "\n\n".join(pages), ""])


def _paragraphs(sentences):
    """Yields the lines of sentences that each stand alone."""
    for sentence in sentences:
        yield from (sentence, "")
