"""One preset, one corpus, one seed: pretrained and measured, in its own process.

python -m benchmarks.worth.trial simclr_digits - 0 runs/worth
"""

import os
import sys
import time
from pathlib import Path

import kerassl
from benchmarks import real_data
from benchmarks.worth.corpora import CORPORA
from kerassl import files, zoo
from kerassl.pretraining import measuring

OWN = "-"
RESULT = "worth.json"


def folder(out, preset, corpus, seed):
    """Returns the folder of a trial's run."""
    name = Path(preset).stem
    return Path(out, name if corpus == OWN else f"{name}-{corpus}", f"seed{seed}")


def make(preset, corpus, seed, out):
    """Pretrains and measures, and keeps what that gave in the run's folder."""
    path = folder(out, preset, corpus, seed)
    begin = time.process_time()
    offer_data()
    if corpus == OWN:
        run, measures, verdicts, trained = on_its_own(preset, seed, path)
    else:
        run, measures, verdicts, trained = on_corpus(
            preset, CORPORA[corpus], seed, path
        )
    files.write_json(
        path / RESULT,
        {
            "preset": run.config["name"],
            "corpus": corpus,
            "seed": seed,
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


def on_its_own(preset, seed, path):
    """Measures a preset on its own data, which its run's report tells."""
    kerassl.pretrain(preset, out=path, seed=seed, evaluate=False, progress=False)
    trained = time.process_time()
    run = kerassl.pretrain(preset, out=path, seed=seed, progress=False)
    return run, run.measures, run.report.get("verdict", {}), trained


def on_corpus(preset, corpus, seed, path):
    """Pretrains on a corpus, and measures by its labels."""
    unlabelled, train, test = corpus.read()
    run = kerassl.pretrain(
        preset, unlabelled, out=path, seed=seed, evaluate=False, progress=False
    )
    trained = time.process_time()
    plan = {**run.config, "transfer": {**run.config["transfer"], **corpus.transfer}}
    task = run.task
    measures = measuring.measures_of(plan, task)
    found = measuring.measure_all(task, measures, train, test, seed, False, False)
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
    make(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
