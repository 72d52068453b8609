"""The report of a run: the encoder beside its controls, and how it was made."""

import datetime
import platform
import time
from importlib.metadata import version

import keras
import numpy as np
import tensorflow as tf

from kerassl import callbacks, distribute, files, transfer, zoo
from kerassl import run as folder
from kerassl.pretraining.examples import prepared
from kerassl.pretraining.matching import stages
from kerassl.pretraining.recipe import run_recipe
from kerassl.run import Run

# More points than this make an embedding map a blot and t-SNE slow.
MAP_EXAMPLES = 1000


def write_report(
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
        "batch_size": run_recipe(plan)["batch_size"],
        "fitted": plan.get("fitted", {}),
        "stages": stages(plan),
        "unknown_share": plan.get("unknown_share"),
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
    files.write_text(path / folder.REPORT_PAGE, _page(report, page))
    files.write_json(path / folder.REPORT, report)
    return Run(path)


def _compare(run, pretext, train, test, progress, options, seed):
    encoder = run.encoder
    test_x = prepared(pretext, test)
    comparison = transfer.compare(
        encoder,
        (prepared(pretext, train), train.labels),
        (test_x, test.labels),
        seed=seed,
        progress=progress,
        **(run.config.get("transfer", {}) if options is None else options),
    )
    comparison.figure().savefig(
        run.path / folder.FEW_LABELS, dpi=120, bbox_inches="tight"
    )
    if len(test) >= transfer.LEAST_MAP_EXAMPLES:
        _draw_map(run, encoder, test_x, test, seed)
    return comparison.to_dict(), comparison.to_markdown()


def _draw_map(run, encoder, x, test, seed):
    some = np.random.default_rng(seed).permutation(len(test))[:MAP_EXAMPLES]
    figure = transfer.embedding_map(
        encoder,
        keras.tree.map_structure(lambda part: part[some], x),
        test.labels[some],
        class_names=test.class_names,
        seed=seed,
    )
    figure.savefig(run.path / folder.EMBEDDING, dpi=120, bbox_inches="tight")


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
        kinds = ", ".join(
            f"{count:,} {reason}"
            for reason, count in used.get("skipped_by_reason", {}).items()
        )
        counted = f" ({kinds})" if kinds else ""
        lines.append(
            f"{used['skipped']} records were skipped{counted}. The first: {first}."
        )
    lines += used.get("notes", [])
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
    return "\n".join([*lines, "", transfer_page.strip(), ""])
