"""A run that is killed and resumed ends as one that never was, bit for bit."""

import json
import subprocess
import sys

import forks
import numpy as np
import tensorflow as tf

from kerassl.callbacks import latest_checkpoint

STEPS = 5
# Three steps are then done, which is amid a turn of the GAN below, of two steps of
# the discriminator to one of the generator, and of a queue that has wrapped around.
KILLED_AT = 4
TEXT = {
    "tokenizer.vocabulary_size": 60,
    "encoder.num_layers": 1,
    "encoder.hidden_dim": 16,
    "encoder.intermediate_dim": 32,
    "pretext.sequence_length": 16,
}
WORDS = {
    "tokenizer.vocabulary_size": 20,
    "tokenizer.min_count": 1,
    "encoder.dim": 8,
    "pretext.sequence_length": 16,
}
IMAGE = {"encoder.input_shape": [8, 8, 1], "pretext.size": 8}
RESNET = IMAGE | {"encoder.depths": [1], "encoder.widths": [8]}
# Of the preset's own data.
SOUND = {"data.num_examples": 48, "encoder.hidden_dim": 8, "encoder.dropout": 0.1}
GAME = {
    "encoder.widths": [4],
    "model.generator.widths": [4],
    "model.generator.output_shape": [8, 8, 1],
    "model.discriminator_steps": 2,
}
# Preset: its overrides, and state of its own that must be among what is compared.
RUNS = {
    "bert_tiny": (TEXT | {"encoder.dropout": 0.1}, ["seed_generator"]),
    "electra_tiny": (TEXT | {"encoder.dropout": 0.1}, ["seed_generator"]),
    "gpt2_tiny": (TEXT | {"tokenizer.vocabulary_size": 270}, []),
    "t5_tiny": (TEXT | {"encoder.dropout": 0.1}, ["seed_generator"]),
    "simcse_tiny": (TEXT, ["seed_generator"]),
    "word2vec_skipgram": (WORDS, ["row_adagrad/embeddings_sum"]),
    "word2vec_cbow": (WORDS, ["row_adagrad/embeddings_sum"]),
    "apc_tones": (SOUND, ["seed_generator"]),
    "moco_fashion": (
        RESNET | {"model.queue_size": 40},
        ["momentum_encoder/updates", "queue/rows", "queue/position"],
    ),
    "byol_fashion": (RESNET, ["target/updates"]),
    "deep_cluster_fashion": (
        RESNET | {"model.num_clusters": 5},
        ["labels", "cluster_sizes"],
    ),
    "dcgan_fashion": (
        IMAGE | GAME,
        ["adam/conv_kernel_momentum", "adam/project_kernel_momentum"],
    ),
}


def test_all_state_is_bit_identical(tmp_path):
    # One test: a process for each would import everything for each.
    train(tmp_path)
    for preset in RUNS:
        compare(tmp_path, preset)
    history = (tmp_path / "gpt2_tiny" / "killed" / "history.jsonl").read_text()
    steps = [json.loads(line)["step"] for line in history.splitlines()]
    assert steps == list(range(1, STEPS + 1))


def train(folder):
    """Does each run whole, and once killed and resumed, in a folder."""
    random = np.random.default_rng(0)
    words = "the cat sat on a mat while some dog ran over two hills".split()
    lines = [" ".join(random.choice(words, 12)) for _ in range(64)]
    (folder / "corpus.txt").write_text("\n".join(lines))
    (folder / "images").mkdir()
    for i, image in enumerate(random.integers(0, 256, (48, 8, 8, 1), "uint8")):
        png = tf.io.encode_png(image).numpy()
        (folder / "images" / f"{i}.png").write_bytes(png)
    runs = {}
    for preset, (overrides, _) in RUNS.items():
        data = "images" if "pretext.size" in overrides else "corpus.txt"
        has_own = "data.num_examples" in overrides
        runs[str(folder / preset)] = [
            *("pretrain", preset, f"--steps={STEPS}"),
            *([] if has_own else [f"--data={folder / data}"]),
            *("--batch-size=16", "--checkpoint-seconds=0", "--no-evaluate", "--quiet"),
            *(f"--set={key}={json.dumps(value)}" for key, value in overrides.items()),
        ]
    done = subprocess.run(
        [sys.executable, forks.__file__, json.dumps(runs), str(KILLED_AT)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=900,
    )
    codes = json.loads(done.stdout.splitlines()[-1])
    assert codes == {run: [-9, 0] for run in runs}


def compare(folder, preset):
    """Checks that all that a run depends on ended the same."""
    whole, killed = (
        latest_checkpoint(folder / preset / run / "checkpoints")
        for run in ("whole", "killed")
    )
    assert (whole[1], killed[1]) == (STEPS, STEPS)
    with np.load(whole[0]) as a, np.load(killed[0]) as b:
        assert a.files == b.files
        names = " ".join(a.files)
        assert [part for part in RUNS[preset][1] if part not in names] == []
        for key in a.files:
            np.testing.assert_array_equal(a[key], b[key], err_msg=f"{preset}: {key}")
