"""A run that is killed and resumed ends as one that never was, bit for bit."""

import json
import subprocess
import sys

import forks
import numpy as np
import pytest
import tasks
import tensorflow as tf

from kerassl import zoo
from kerassl.callbacks import latest_checkpoint

STEPS = 4
# Three steps are then done, amid a turn of the GAN and with a queue wrapped around.
KILLED_AT = 4
# A process for each would import everything for each; one for all of them would
# leave the other cores nothing to do.
RUNS_IN_A_PROCESS = 10


def test_every_method_with_a_preset_is_killed():
    classes = {zoo.config(name)["model"]["class"] for name in zoo.names()}
    wanted = {path.rpartition(".")[2] for path in classes}
    assert wanted == {name for family in tasks.killed().values() for name in family}


def groups():
    """Returns dicts of the runs that share a process."""
    runs = [run for family in tasks.killed().values() for run in family.items()]
    size = RUNS_IN_A_PROCESS
    return [dict(runs[start : start + size]) for start in range(0, len(runs), size)]


@pytest.mark.parametrize("runs", groups(), ids=" ".join)
def test_all_state_is_bit_identical(runs, tmp_path):
    train(runs, tmp_path)
    for name, killed in runs.items():
        compare(tmp_path / name, killed.state)
        history = (tmp_path / name / "killed" / "history.jsonl").read_text()
        steps = [json.loads(line)["step"] for line in history.splitlines()]
        assert steps == list(range(1, STEPS + 1)), name


def train(killed, folder):
    """Does each run in a folder, kills it, and resumes it."""
    random = np.random.default_rng(0)
    words = "the cat sat on a mat while some dog ran over two hills".split()
    lines = [" ".join(random.choice(words, 12)) for _ in range(64)]
    (folder / "corpus.txt").write_text("\n".join(lines))
    for name, channels in (("images", 1), ("colored", 3)):
        images = random.integers(0, 256, (48, 8, 8, channels), "uint8")
        for i, image in enumerate(images):
            of_class = folder / name / f"class{i % 2}"
            of_class.mkdir(parents=True, exist_ok=True)
            (of_class / f"{i}.png").write_bytes(tf.io.encode_png(image).numpy())
    data = {"image": folder / "images", "text": folder / "corpus.txt"}
    runs = {}
    for name, (preset, overrides, _, colored) in killed.items():
        modality = zoo.config(preset)["modality"]
        path = folder / "colored" if colored else data.get(modality)
        runs[str(folder / name)] = [
            *("pretrain", preset, f"--steps={STEPS}", "--batch-size=16"),
            *("--checkpoint-seconds=0", "--no-evaluate", "--quiet"),
            *([f"--data={path}"] if path else []),
            *(f"--set={key}={json.dumps(value)}" for key, value in overrides.items()),
        ]
    done = subprocess.run(
        [sys.executable, forks.__file__, json.dumps(runs), str(KILLED_AT), str(STEPS)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=900,
    )
    codes = json.loads(done.stdout.splitlines()[-1])
    assert codes == {run: [-9, 0] for run in runs}


def compare(folder, state):
    """Checks that all that a run depends on ended the same."""
    whole, killed = (
        latest_checkpoint(folder / run / "checkpoints") for run in ("whole", "killed")
    )
    assert (whole[1], killed[1]) == (STEPS, STEPS)
    with np.load(whole[0]) as a, np.load(killed[0]) as b:
        assert a.files == b.files
        names = " ".join(a.files)
        assert [part for part in state if part not in names] == []
        for key in a.files:
            where = f"{folder.name}: {key}"
            np.testing.assert_array_equal(a[key], b[key], err_msg=where)
