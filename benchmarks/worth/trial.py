"""One preset, one corpus, one seed: pretrained and measured, in its own process.

python -m benchmarks.worth.trial '{"preset": "simclr_digits", "seed": 0, ...}'

The word holds the fields of a `Trial`, as JSON.
"""

import dataclasses
import hashlib
import json
import os
import sys
import time
from pathlib import Path

import kerassl
from benchmarks import real_data
from benchmarks.worth.corpora import CORPORA
from kerassl import files, zoo
from kerassl.pretraining import measuring
from kerassl.pretraining.given import Examples

OWN = "-"
RESULT = "worth.json"


@dataclasses.dataclass(frozen=True)
class Trial:
    """One pretraining and what it is measured by.

    Attributes:
        preset: Its name, or the path of a preset of one's own.
        corpus: A key of `CORPORA`, or `OWN` for the preset's own data.
        seed: Integer.
        out: The folder of all trials.
        overrides: Dict of dotted keys, what is changed of the preset.
        validate: Whether the corpus keeps its test examples back.
    """

    preset: str
    corpus: str
    seed: int
    out: str
    overrides: dict = dataclasses.field(default_factory=dict)
    validate: bool = False

    @property
    def folder(self) -> Path:
        """The folder of its run."""
        parts = [Path(self.preset).stem]
        parts += [self.corpus] if self.corpus != OWN else []
        parts += ["validate"] if self.validate else []
        if self.overrides:
            told = json.dumps(self.overrides, sort_keys=True).encode()
            parts.append(hashlib.sha256(told).hexdigest()[:8])
        return Path(self.out, "-".join(parts), f"seed{self.seed}")


def make(trial):
    """Pretrains and measures, and keeps what that gave in the run's folder."""
    begin = time.process_time()
    offer_data()
    measured = on_its_own(trial) if trial.corpus == OWN else on_corpus(trial)
    run, measures, verdicts, trained = measured
    files.write_json(
        trial.folder / RESULT,
        {
            "preset": run.config["name"],
            "corpus": trial.corpus,
            "seed": trial.seed,
            "overrides": trial.overrides,
            "config_hash": zoo.config_hash(run.config),
            "cores": len(os.sched_getaffinity(0)),
            "training_seconds": run.report["training_seconds"],
            "training_cpu_seconds": round(trained - begin, 1),
            "cpu_seconds": round(time.process_time() - begin, 1),
            "date": run.report["date"],
            "measures": measures,
            "verdicts": verdicts,
        },
    )


def pretrained(trial, data=None, evaluate=False):
    """Returns the run of a trial, made or found again."""
    return kerassl.pretrain(
        trial.preset,
        data,
        out=trial.folder,
        seed=trial.seed,
        overrides=trial.overrides,
        evaluate=evaluate,
        progress=False,
    )


def on_its_own(trial):
    """Measures a preset on its own data, which its run's report tells."""
    pretrained(trial)
    trained = time.process_time()
    run = pretrained(trial, evaluate=True)
    return run, run.measures, run.report.get("verdict", {}), trained


def on_corpus(trial):
    """Pretrains on a corpus, and measures by its labels."""
    corpus = CORPORA[trial.corpus]
    unlabelled, train, test = corpus.read(trial.validate)
    run = pretrained(trial, unlabelled)
    trained = time.process_time()
    plan = {**run.config, "transfer": {**run.config["transfer"], **corpus.transfer}}
    task = run.task
    measures = measuring.measures_of(plan, task)
    read = Examples(train, test)
    found = measuring.measure_all(task, measures, read, trial.seed, False, False)
    measures = {name: each.to_dict() for name, each in found.results.items()}
    verdicts = {name: each.to_dict() for name, each in found.verdicts.items()}
    return run, measures, verdicts, trained


def offer_data():
    """Lets Keras read Fashion-MNIST from the folder of real data, where it is set."""
    if real_data.VARIABLE not in os.environ:
        return
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"), "datasets")
    link = home / "fashion-mnist"
    if not link.exists():
        home.mkdir(parents=True, exist_ok=True)
        link.symlink_to(real_data.path("fashion_mnist"), target_is_directory=True)


if __name__ == "__main__":
    make(Trial(**json.loads(sys.argv[1])))
