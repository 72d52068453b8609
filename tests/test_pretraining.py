"""Whole runs: what they leave, how they resume, what they refuse."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import keras
import keras_hub
import numpy as np
import pytest
from PIL import Image
from toy import Corrupt, Game, Restore, SlowGame, encoder

import kerassl
from kerassl import pretraining
from kerassl.callbacks import latest_checkpoint, read_log
from kerassl.encoders import dcgan_discriminator, dcgan_generator
from kerassl.models import GAN
from kerassl.pretext import ImagesAndNoise, MaskedTokens, TwoViews
from kerassl.pretraining import calls
from kerassl.pretraining.examples import _options, sources
from kerassl.pretraining.plan import run_plan
from kerassl.pretraining.task import optimizer_for, tokenizer_for
from kerassl.runs import Run

DIGITS = [
    "simclr_digits",
    "--batch-size=64",
    "--set=encoder.strides=[2]",
    "--set=encoder.widths=[8]",
]


def command(out, steps):
    return [
        *(sys.executable, "-m", "kerassl.cli", "pretrain", *DIGITS),
        *(f"--out={out}", f"--steps={steps}", "--no-evaluate", "--quiet"),
        "--checkpoint-seconds=0",
    ]


def test_a_run_killed_anywhere_resumes_bit_for_bit(tmp_path):
    steps = 30
    subprocess.run(command(tmp_path / "whole", steps), check=True)
    killed = subprocess.Popen(command(tmp_path / "killed", steps))
    checkpoints = tmp_path / "killed" / "checkpoints"
    deadline = time.monotonic() + 180
    while (latest_checkpoint(checkpoints) or (None, 0))[1] < 3:
        assert killed.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "killed" / "encoder.keras").exists()
    subprocess.run(command(tmp_path / "killed", steps), check=True)
    paths = [
        latest_checkpoint(tmp_path / run / "checkpoints") for run in ("whole", "killed")
    ]
    assert [step for _, step in paths] == [steps, steps]
    with np.load(paths[0][0]) as whole, np.load(paths[1][0]) as resumed:
        assert whole.files == resumed.files
        for key in whole.files:
            np.testing.assert_array_equal(whole[key], resumed[key], err_msg=key)


def test_of_two_processes_one_writes(tmp_path):
    with socket.socket() as one, socket.socket() as other:
        ports = []
        for free in (one, other):
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    workers = []
    for index in range(2):
        task = {"type": "worker", "index": index}
        environment = {
            **os.environ,
            "TF_CONFIG": json.dumps({"cluster": cluster, "task": task}),
            "CUDA_VISIBLE_DEVICES": "",
        }
        words = [*command(tmp_path / "run", 3), "--strategy=multi_worker"]
        workers.append(subprocess.Popen(words, env=environment, stderr=subprocess.PIPE))
    try:
        errors = [worker.communicate(timeout=240)[1] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()  # one waits for the other for ever
    for worker, error in zip(workers, errors, strict=True):
        assert worker.returncode == 0, error.decode()[-3000:]
    rows = read_log(tmp_path / "run" / "history.jsonl")
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert Run(tmp_path / "run").report["steps"] == 3


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "digits"
    return pretrain(out)


def pretrain(out, progress=False, steps=8, **options):
    overrides = {
        "encoder.strides": [2],
        "encoder.widths": [8],
        "transfer.labels_per_class": [5],
        "transfer.draws": 2,
        "transfer.methods": ["knn"],
        "transfer.controls": ["input", "random"],
        **options.pop("overrides", {}),
    }
    return kerassl.pretrain(
        "simclr_digits",
        out=out,
        steps=steps,
        batch_size=64,
        overrides=overrides,
        progress=progress,
        **options,
    )


def test_the_folder_of_a_run(run):
    files = {path.name for path in run.path.iterdir()}
    assert files == {
        *("run.json", "report.json", "report.md", "history.jsonl", "checkpoints"),
        *("files.json", ".lock"),
        *("encoder.keras", "encoder.json", "task.keras", "tensorboard"),
        *("views.png", "embedding.png", "loss.png", "few_labels.png"),
    }
    loaded = keras.saving.load_model(run.path / "encoder.keras")
    assert loaded.output_shape == (None, 2 * 2 * 8)
    assert run.task.encoder.count_params() == loaded.count_params()
    assert "| kNN | pretrained |" in str(run)
    assert run.report["data"]["examples"] == 1297


def test_a_finished_run_is_not_run_again(run, capsys):
    before = (run.path / "report.json").stat().st_mtime_ns
    assert pretrain(run.path, progress=True).report == run.report
    assert (run.path / "report.json").stat().st_mtime_ns == before
    assert f"{run.path} holds this run already, done 20" in capsys.readouterr().out


def test_a_run_that_was_killed_before_its_pictures_makes_them(run, monkeypatch):
    path = run.path.parent / "killed"

    def kill(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(calls, "draw_training", kill)
        with pytest.raises(KeyboardInterrupt):
            pretrain(path, evaluate=False)
    assert not (path / "views.png").exists()
    pretrain(path, evaluate=False)
    assert (path / "views.png").is_file() and (path / "encoder.keras").is_file()


def test_a_run_of_another_configuration_is_refused(run):
    with pytest.raises(ValueError, match="model.temperature was 0.2, now 0.5"):
        pretrain(run.path, overrides={"model.temperature": 0.5})
    with pytest.raises(ValueError, match="seed was 0, now 1"):
        pretrain(run.path, seed=1)


def test_other_arrays_of_the_same_shape_are_another_run(tmp_path):
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    options = {"out": tmp_path / "run", "steps": 1, "batch_size": 16}
    options |= {"progress": False, "evaluate": False}
    task = Restore(encoder(), Corrupt(), name="restore")
    kerassl.pretrain(task, x, **options)
    kerassl.pretrain(task, x, **options)
    with pytest.raises(ValueError, match="another configuration: data_used.digest"):
        kerassl.pretrain(task, x + 1, **options)


def test_a_mistake_before_training_does_not_hold_the_folder(tmp_path):
    with pytest.raises(ValueError, match="only 1297 examples"):
        kerassl.pretrain("simclr_digits", out=tmp_path, batch_size=2000)
    path = pretrain(tmp_path, evaluate=False).path
    assert json.loads((path / "run.json").read_text())["recipe"]["batch_size"] == 64


def test_a_tokenizer_of_an_attempt_that_never_trained_is_made_anew(tmp_path):
    texts = ["a cat sat on the mat and saw the dog"] * 4 + ["dogs sit there"] * 4
    options = {"out": tmp_path, "steps": 1, "evaluate": False, "progress": False}
    words = {"tokenizer.kind": "word", "tokenizer.min_count": 1}
    with pytest.raises(ValueError, match="only 8 examples"):
        kerassl.pretrain("simcse_tiny", texts, batch_size=9, overrides=words, **options)
    assert (tmp_path / "tokenizer").is_dir()
    words["tokenizer.vocabulary_size"] = 8
    kerassl.pretrain("simcse_tiny", texts, batch_size=4, overrides=words, **options)
    tokenizer = kerassl.data.load_tokenizer(tmp_path / "tokenizer")
    assert tokenizer.vocabulary_size() == 8


def test_a_folder_without_history_is_not_evaluated(run, tmp_path):
    shutil.copytree(run.path, tmp_path / "run")
    (tmp_path / "run" / "history.jsonl").unlink()
    with pytest.raises(FileNotFoundError, match="history.jsonl tells of no step"):
        kerassl.evaluate(tmp_path / "run", progress=False)


def test_a_run_is_evaluated_anew(run):
    again = kerassl.evaluate(run.path, overrides={"transfer.draws": 3}, progress=False)
    assert again.report["transfer"]["protocol"]["draws"] == 3
    assert "may have been pretrained on" not in str(again)


def labelled_texts():
    words = np.random.default_rng(0).choice(["red", "green", "blue", "cat"], (60, 9))
    return kerassl.data.ArraySource([" ".join(r) for r in words], np.arange(60) % 2)


def tiny_gpt(source, out, evaluate=True):
    return kerassl.pretrain(
        "gpt2_tiny",
        source,
        out=out,
        steps=2,
        batch_size=8,
        overrides={
            "tokenizer.vocabulary_size": 265,
            "encoder.num_layers": 1,
            "encoder.hidden_dim": 16,
            "pretext.sequence_length": 16,
            "transfer.labels_per_class": [5],
            "transfer.methods": ["knn"],
        },
        evaluate=evaluate,
        progress=False,
    )


def test_a_test_on_what_was_pretrained_on_is_told(tmp_path):
    source = labelled_texts()
    run = tiny_gpt(source, tmp_path / "run", evaluate=False)
    with pytest.raises(ValueError, match="object in memory, <ArraySource>"):
        kerassl.evaluate(run.path, progress=False)
    run = kerassl.evaluate(run.path, data=source, progress=False)
    assert run.report["data"]["examples"] == 60
    assert run.report["transfer"]["protocol"]["test_examples"] == 12
    assert run.report["held_out"] is None
    assert "may have been pretrained on" in str(run)


def test_a_run_is_evaluated_in_another_process(run):
    # There, nothing has yet imported the classes that the task is made of.
    words = ["evaluate", str(run.path), "--set=transfer.draws=3", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "kerassl.cli", *words], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-1000:]
    assert "mean ± std over 3 label draws" in done.stdout


def test_a_schedule_of_the_model_ends_with_the_run():
    def total_steps(overrides=None, steps=None):
        plan, _ = run_plan("byol_resnet18_cifar10", None, overrides, steps, None, 0)
        return plan["model"]["total_steps"], plan["recipe"]["steps"]

    assert total_steps(steps=7) == (7, 7)
    assert total_steps({"recipe.steps": 8}) == (8, 8)
    assert total_steps({"model.total_steps": 9}, steps=7) == (9, 7)


def test_each_player_has_an_optimizer_of_its_own():
    recipe = {
        "steps": 90,
        "warmup_steps": 9,
        "learning_rate": 0.1,
        "optimizer": {
            "head": {"class": "keras.optimizers.Adam", "beta_1": 0.5},
            "encoder": {"class": "keras.optimizers.SGD", "learning_rate": 0.3},
        },
    }
    task = SlowGame(encoder(), Corrupt())
    made = optimizer_for(recipe, task)
    task.compile(made)
    assert made["head"].beta_1 == 0.5

    def rates(player, *steps):
        return [float(made[player]._learning_rate(step)) for step in steps]

    # The encoder moves in every third step and counts those alone.
    assert rates("head", 9, 90) == pytest.approx([0.1, 0.0], abs=1e-6)
    assert rates("encoder", 3, 30) == pytest.approx([0.3, 0.0], abs=1e-6)
    recipe["optimizer"] = {"class": "keras.optimizers.SGD"}
    made = optimizer_for(recipe, Game(encoder(), Corrupt()))
    assert list(made) == ["head", "encoder"] and made["head"] is not made["encoder"]


def test_a_task_of_several_players_leaves_pictures_of_its_own(tmp_path):
    task = GAN(
        dcgan_discriminator((8, 8, 1), (4,), 4),
        ImagesAndNoise(noise_dim=3),
        generator=dcgan_generator((8, 8, 1), 3, (4,), 4),
    )
    run = kerassl.pretrain(
        task,
        kerassl.data.digits(),
        out=tmp_path / "own",
        steps=5,
        batch_size=16,
        progress=False,
        evaluate=False,
    )
    pictures = sorted(path.name for path in (run.path / "pictures").iterdir())
    assert pictures == [f"step-{step:08d}.png" for step in range(6)]
    np.testing.assert_array_equal(run.task.generate(2), task.generate(2))


def test_a_task_of_your_own(tmp_path):
    task = Restore(encoder(), Corrupt())
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    labels = np.arange(64) % 2
    source = kerassl.data.ArraySource(x, labels=labels)
    run = kerassl.pretrain(
        task,
        source,
        out=tmp_path / "own",
        steps=4,
        batch_size=16,
        progress=False,
        evaluate=False,
    )
    assert Run(run.path).report["transfer"] is None
    assert Run(run.path).report["held_out"] is None
    np.testing.assert_array_equal(run.encoder.predict(x, verbose=0).shape, (64, 8))


def test_steps_are_a_multiple_of_those_that_run_at_once(tmp_path):
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    options = {"batch_size": 16, "progress": False, "evaluate": False}
    task = Restore(encoder(), Corrupt())
    task.compile("adam", steps_per_execution=2)
    with pytest.raises(ValueError, match="`steps` must be a multiple of 2"):
        kerassl.pretrain(task, x, out=tmp_path / "odd", steps=5, **options)
    run = kerassl.pretrain(task, x, out=tmp_path / "even", steps=6, **options)
    assert latest_checkpoint(run.path / "checkpoints")[1] == 6
    assert run.report["last"]["step"] == task.optimizer.iterations.numpy() == 6


def test_a_tokenizer_that_was_half_stored_is_trained_again(tmp_path):
    plan = {"tokenizer": {"vocabulary_size": 12}}
    (tmp_path / "assets").mkdir()
    made = tokenizer_for(plan, ["a cat", "a hat"], tmp_path, False)
    again = tokenizer_for(plan, None, tmp_path, False)
    assert made.get_vocabulary() == again.get_vocabulary()


def test_a_preview_reads_images_as_a_run_does(tmp_path, monkeypatch):
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (20, 20, 3), "uint8")
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    seen = []

    def draw(self, inputs, seed):
        seen.append((inputs.shape.as_list(), seed.numpy().tolist()))

    monkeypatch.setattr(TwoViews, "draw", draw)
    pretraining.preview("simclr_digits", tmp_path, seed=3)
    pretraining.preview("simclr_digits", overrides={"data.split": "test"})
    assert seen == [([3, 8, 8, 1], [3, 0]), ([8, 8, 8, 1], [0, 0])]


def test_images_have_the_encoders_size_if_the_pretext_layer_names_none(tmp_path):
    plan = {
        "modality": "image",
        "pretext": {"class": "rotation.Rotate"},
        "encoder": {"input_shape": [12, 12, 1]},
    }
    assert _options(plan, tmp_path) == {"size": 12, "channels": 1}
    plan["pretext"]["size"] = 9
    assert _options(plan, tmp_path) == {"size": 9, "channels": 1}


def test_overrides_say_how_to_read_data_of_ones_own(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text("the cat sat\non the mat\n")

    def documents(overrides):
        plan, _ = run_plan("bert_tiny", tmp_path, overrides, None, None, 0)
        return len(sources(plan, tmp_path, 0, set())[0])

    assert documents({}) == 4
    assert documents({"data.unit": "file"}) == 2
    with pytest.raises(TypeError, match="`data` cannot be read so.*`uint`"):
        pretraining.preview("bert_tiny", tmp_path, overrides={"data.uint": "file"})


def test_a_preview_takes_the_tokenizer_of_a_pretrained_encoder(tmp_path, monkeypatch):
    texts = ["the cat sat on the mat", "the dog ate the hat"]
    tokenizer = kerassl.data.train_tokenizer(texts, vocabulary_size=30)
    backbone = keras_hub.models.BertBackbone(30, 1, 2, 8, 16)
    backbone.save_to_preset(str(tmp_path))
    tokenizer.save_to_preset(str(tmp_path))
    seen = []
    monkeypatch.setattr(
        MaskedTokens, "draw", lambda self, *_: seen.append(self.tokenizer)
    )
    pretraining.preview("bert_tiny", texts, overrides={"encoder.preset": str(tmp_path)})
    assert seen[0].get_vocabulary() == tokenizer.get_vocabulary()


def test_a_run_of_several_files_is_known_again(tmp_path):
    for folder, word in [("cats", "cat"), ("dogs", "dog")]:
        (tmp_path / folder).mkdir()
        lines = [f"the {word} saw {number} mice" for number in range(20)]
        (tmp_path / folder / "a.txt").write_text("\n".join(lines))
    paths = [tmp_path / "cats" / "a.txt", tmp_path / "dogs"]
    options = {
        "out": tmp_path / "run",
        "steps": 1,
        "batch_size": 8,
        "overrides": {
            "tokenizer.vocabulary_size": 50,
            "encoder.num_layers": 1,
            "pretext.sequence_length": 8,
        },
        "evaluate": False,
        "progress": False,
    }
    run = kerassl.pretrain("bert_tiny", paths, **options)
    assert run.config["examples"] == [str(path) for path in paths]
    assert run.report["data"]["examples"] == 40
    assert run.report["data"]["files"] == 2
    before = (run.path / "report.json").stat().st_mtime_ns
    kerassl.pretrain("bert_tiny", paths, **options)
    assert (run.path / "report.json").stat().st_mtime_ns == before
    with pytest.raises(ValueError, match="another configuration: examples was"):
        kerassl.pretrain("bert_tiny", paths[:1], **options)
    with pytest.raises(ValueError, match="These data have no labels"):
        kerassl.evaluate(run.path, progress=False)


def test_a_language_model_tells_what_was_held_out(tmp_path):
    source = labelled_texts()
    run = tiny_gpt(source, tmp_path / "run")
    told = run.report["held_out"]
    assert told["bits_per_byte"] > told["unigram_bits_per_byte"] > 0.1  # untrained
    lengths = [len(text) for text in source.fetch(range(60)).numpy()]
    assert told["bytes"] == pytest.approx(60 / 5 * np.mean(lengths), rel=0.2)
    assert f"| unigram | {told['unigram_bits_per_byte']:.3f} |" in str(run)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"steps": 0}, "`steps` must be a positive integer. Received: steps=0"),
        ({"batch_size": -1}, "`batch_size` must be a positive integer"),
        ({"seed": 0.5}, "`seed` must be an integer from 0 .* Received: 0.5"),
        ({"seed": -1}, "`seed` must be an integer from 0 .* Received: -1"),
        ({"seed": 2**32}, "`seed` must be an integer from 0 "),
        (
            {"overrides": {"pretext.size": 9}},
            r"takes examples of shape \(8, 8, 1\). Received .* \(9, 9, 1\)",
        ),
        ({"batch_size": 2000}, "only 1297 examples"),
        ({"strategy": "both"}, "`strategy` must be 'auto'"),
    ],
)
def test_bad_arguments(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        kerassl.pretrain(
            "simclr_digits", out=tmp_path / "run", progress=False, **options
        )


def test_a_finished_run_is_lengthened(tmp_path, capsys):
    def run(**options):
        return pretrain(tmp_path / "run", evaluate=False, **options)

    first = run()
    before = [w.copy() for w in first.encoder.get_weights()]
    longer = run(steps=14, progress=True)
    assert "from step 8 of 14, with a new schedule" in capsys.readouterr().err
    assert [row["step"] for row in read_log(longer.path / "history.jsonl")] == [
        *range(1, 15)
    ]
    after = longer.encoder.get_weights()
    assert any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    # The schedule of the added steps has a warm-up and comes to 0 at their end.
    rate = keras.saving.load_model(longer.path / "task.keras").optimizer._learning_rate
    assert float(rate(14)) == 0.0 and max(map(float, map(rate, range(8, 14)))) > 5e-4


def test_a_lengthened_run_that_is_killed_resumes_bit_for_bit(tmp_path, monkeypatch):
    for name in ("whole", "killed"):
        pretrain(tmp_path / name, evaluate=False)
    pretrain(tmp_path / "whole", evaluate=False, steps=14, checkpoint_seconds=0)
    with monkeypatch.context() as patch:
        # All but the checkpoint of step 11 is as if the process had been killed.
        patch.setattr(calls, "save", lambda *args: None)
        patch.setattr(calls, "write_report", lambda *args: None)
        pretrain(tmp_path / "killed", evaluate=False, steps=14, checkpoint_seconds=0)
    held = tmp_path / "killed" / "checkpoints"
    (held / "step-00000014.npz").unlink()
    assert latest_checkpoint(held)[1] == 13
    pretrain(tmp_path / "killed", evaluate=False, steps=14)
    one, two = (
        Run(tmp_path / name).encoder.get_weights() for name in ("whole", "killed")
    )
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_task_of_a_finished_run_trains_on(run):
    task = run.task
    before = [w.copy() for w in task.encoder.get_weights()]
    task.fit(task.dataset(kerassl.data.digits(), 64), steps_per_epoch=1, verbose=0)
    moved = [
        not np.array_equal(a, b)
        for a, b in zip(before, task.encoder.get_weights(), strict=True)
    ]
    assert any(moved)


def test_a_small_data_set_is_said_to_make_the_batch_smaller(tmp_path, capsys):
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1)).astype("uint8")
    options = {"encoder.strides": [2], "encoder.widths": [4]}
    made = kerassl.pretrain(
        *("simclr_digits", images),
        out=tmp_path,
        steps=2,
        overrides=options,
        evaluate=False,
    )
    assert made.config["recipe"]["batch_size"] == 256
    assert made.config["fitted"]["batch_size"] == made.report["batch_size"] == 32
    said = capsys.readouterr().err
    assert "40 examples\n" in said and "2 steps of 32;" in said
    assert "Batch 256 -> 32: there are not more examples." in said
    assert "follows the batch (sqrt): the preset's is for 256" in said


def test_too_few_examples_for_a_map_have_a_report_without_one(tmp_path):
    images = np.random.default_rng(0).random((4, 8, 8, 1)).astype("float32")
    source = kerassl.data.ArraySource(images, [0, 0, 1, 1])
    made = kerassl.pretrain(
        "simclr_digits",
        source,
        out=tmp_path,
        steps=1,
        progress=False,
        overrides={
            "encoder.strides": [2],
            "encoder.widths": [4],
            "transfer.labels_per_class": [1],
            "transfer.methods": ["knn"],
            "transfer.controls": [],
        },
    )
    assert made.report["transfer"]["protocol"]["test_examples"] == 2
    assert "Fitted to the size of the data: learning_rate" in str(made)
    assert not (tmp_path / "embedding.png").exists()
