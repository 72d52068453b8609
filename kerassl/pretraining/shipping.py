"""From a finished run of a preset to the trained weights that come with the preset.

    python -m kerassl.pretraining.shipping runs/simclr_digits

Only the unchanged preset is taken, on data whose licence lets weights be passed on.
Where the data are not the preset's own, `--data`, `--licence` and `--address` say
what they are. `kerassl/zoo/weights.py` says what is written.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

import kerassl
from kerassl import files, runs, zoo
from kerassl.checks import check_one_of, user_path
from kerassl.data.licences import OPEN, Licence, licence_of
from kerassl.errors import InvalidValue, UserError
from kerassl.pretext.encoder_input import described_input
from kerassl.pretraining.examples import prepared, read, read_back
from kerassl.pretraining.facts import asked
from kerassl.pretraining.plan import run_plan
from kerassl.runs import Run
from kerassl.zoo import weights
from kerassl.zoo.half import DTYPE, write_half

# Of features, beside their spread; more would change figures.
MOST_ROUNDING = 0.01
# The seed, how data without labels are divided, and what tells people of a preset.
_NOT_COMPARED = ("seed", "held_out", "summary", "paper")
# Examples that rounding is measured on.
EXAMPLES = 256


def ship(path, preset=None, *, licence=None, encoder_only=False):
    """Writes the weights of a finished run beside its preset.

    Args:
        path: The run's folder.
        preset: The preset's name or the path of its `.json`; None for the name that
            the run says.
        licence: The `kerassl.data.licences.Licence` of the data, where they are not
            the preset's own.
        encoder_only: Whether to leave out all but the encoder.

    Returns:
        The folder of the weights.

    Raises:
        FileNotFoundError: If the folder holds no finished run.
        ValueError: If the run is not that of the preset as it is now, was not
            measured, or its data may not be used for this.
    """
    run = Run(user_path(path, "path"))
    plan = runs.read_config(run.path)
    preset = plan["name"] if preset is None else preset
    check_unchanged(plan, preset)
    if not run.measured:
        raise InvalidValue(f"{run.path} was not measured: `kerassl evaluate` does it.")
    facts = _facts(run, plan, preset, _licence(plan, licence), encoder_only)
    target = weights.folder(preset)
    if target.exists() and not (target / weights.MANIFEST).is_file():
        raise InvalidValue(f"{target} holds something else than trained weights.")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as scratch:
        made = Path(scratch, target.name)
        made.mkdir()
        facts |= _written(run, plan, preset, made, facts["holds"])
        files.write_json(made / weights.MANIFEST, facts)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(made, target)
    weights.verified(preset)
    return target


def check_unchanged(plan, preset):
    """Raises unless a run is what its preset asks for today, of whatever data.

    Args:
        plan: The run's configuration.
        preset: The preset's name or the path of its `.json`.

    Raises:
        ValueError: If a value differs; the message names the first.
    """
    wanted = json.loads(json.dumps(run_plan(preset, None, None, None, None, 0)[0]))
    for argument in asked(wanted):  # what only the run knows
        wanted["model"][argument] = plan["model"].get(argument)
    wanted = {key: wanted[key] for key in wanted if key not in _NOT_COMPARED}
    differs = runs.difference(wanted, {key: plan.get(key) for key in wanted})
    if differs is None and plan.get("fitted"):
        differs = f"its data made it {plan['fitted']}"
    if differs is None and "stages" in plan:
        differs = "it was lengthened"
    if differs:
        raise InvalidValue(
            f"The run is not that of preset {str(preset)!r} as it is now: {differs}."
        )


def _licence(plan, given):
    """Returns the licence of a run's data, or raises where weights may not be made."""
    found = given if plan["examples"] is not None else licence_of(plan["data"])
    if found is None:
        raise InvalidValue(
            "No licence is known of the run's data, so its weights cannot be passed "
            "on. For data of your own say it: --data, --licence and --address."
        )
    for part in found.licence.split(" AND "):
        check_one_of("licence", part, OPEN)
    return found


def _facts(run, plan, preset, licence, encoder_only):
    """Returns what `weights.json` says of the run."""
    used = plan["data_used"]
    own = {} if plan["examples"] is not None else {"used": used}
    return {
        "format": weights.FORMAT,
        "preset": plan["name"],
        "config_hash": zoo.config_hash(zoo.config(preset)),
        "configuration": run.report["config_hash"],
        "holds": "encoder" if encoder_only else "task",
        "dtype": DTYPE,
        "seed": plan["seed"],
        "steps": plan["recipe"]["steps"],
        "date": run.report["date"],
        "data": {**vars(licence), "examples": used.get("examples"), **own},
        "figures": run.measures,
        "versions": {"kerassl": kerassl.__version__, **run.report["environment"]},
    }


def _written(run, plan, preset, made, holds):
    """Writes weights and tokenizer, and returns what is to be said of them."""
    task = zoo.load(preset, run.path)
    file = made / weights.FILES[holds]
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch, file.name)
        (task if holds == "task" else task.encoder).save_weights(whole)
        parameters = write_half(whole, file)
    if (run.path / runs.TOKENIZER).is_dir():
        shutil.copytree(run.path / runs.TOKENIZER, made / runs.TOKENIZER)
    examples = prepared(
        task.pretext, read(plan, read_back(plan["examples"])), limit=EXAMPLES
    )
    rounding = _rounding(task.features(examples), zoo.load(preset, file), examples)
    return {
        "parameters": parameters,
        "rounding": rounding,
        "input": described_input(task.pretext, task.encoder),
        "files": {
            part.relative_to(made).as_posix(): {
                "bytes": part.stat().st_size,
                "sha256": hashlib.sha256(part.read_bytes()).hexdigest(),
            }
            for part in sorted(made.rglob("*"))
            if part.is_file()
        },
    }


def _rounding(before, task, examples):
    """Returns how far rounding moved the features, as a share of their spread."""
    moved = np.linalg.norm(task.features(examples) - before)
    found = float(moved / np.linalg.norm(before - before.mean(axis=0)))
    if not found <= MOST_ROUNDING:
        raise InvalidValue(
            f"In {DTYPE} the features change by {found:.3g} of their spread, expected "
            f"at most {MOST_ROUNDING}."
        )
    return float(f"{found:.2g}")


def main(argv=None):
    """Runs the command, and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m kerassl.pretraining.shipping",
        description="Make the trained weights of a preset out of a finished run.",
    )
    parser.add_argument("run", metavar="RUN", help="the run's folder")
    parser.add_argument("--preset", help="its .json (default: the run's preset)")
    parser.add_argument("--encoder-only", action="store_true", help="no heads")
    for name in ("data", "licence", "address"):
        parser.add_argument(f"--{name}", help="of data that are not the preset's own")
    args = parser.parse_args(argv)
    said = (args.data, args.licence, args.address)
    licence = Licence(*said) if all(said) else None
    try:
        made = ship(
            args.run, args.preset, licence=licence, encoder_only=args.encoder_only
        )
    except (UserError, OSError) as error:
        print(f"shipping: error: {error}", file=sys.stderr)
        return 2
    print(f"{made}\n\n{weights.told(args.preset or made.name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
