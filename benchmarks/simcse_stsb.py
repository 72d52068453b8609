"""Whether SimCSE makes sentence vectors follow human similarity scores better.

    KERASSL_DATA=... python benchmarks/simcse_stsb.py masked_lm
    KERASSL_DATA=... python benchmarks/simcse_stsb.py minilm

Starts from an encoder of our own, the architecture of the preset `simcse_tiny`
after some minutes of masked language modelling; or from the published weights of
all-MiniLM-L6-v2, which are a sentence encoder already. SimCSE then trains on
unlabelled sentences: those of encyclopedia summaries and of the training part of
the STS benchmark, whose scores are not read. Prints Spearman's rank correlation on
the development part before and after, with alignment (pairs scored above 4) and
uniformity; the test part is never read.
"""

import argparse
import pathlib
import time

import keras
import numpy as np
import real_data
import tensorflow as tf

from kerassl import data, encoders, metrics, models, pretext, transfer, zoo

WORDS = (5, 32)
# Tokens in a row when an encoder is measured, and when MaskedLM trains.
LENGTH = 32
MASK_RATE = 0.2
POOLINGS = {"mean": "mean", "cls_before_pooler": "cls"}
# Chosen on the development part, with seed 0. A token costs MiniLM about 27 times as
# much, so it sees short sentences, and every fifth pair gives its geometry.
SETTINGS = {
    "masked_lm": {"pooler": "mean", "steps": 200, "learning_rate": 3e-4},
    "minilm": {"pooler": "cls_before_pooler", "steps": 20, "learning_rate": 5e-5},
}
BATCH_SIZE = {"masked_lm": 64, "minilm": 48}
MOST_WORDS = {"masked_lm": 32, "minilm": 14}
TRAINING_LENGTH = {"masked_lm": 32, "minilm": 20}
GEOMETRY_STEP = {"masked_lm": 1, "minilm": 5}


def sentences():
    """Returns unlabelled sentences, each once, in an order that is fixed."""
    summaries = " ".join(real_data.wiki_summaries()).replace("\n", " ")
    first, second, _ = real_data.stsb("train")
    found = dict.fromkeys([*summaries.split(". "), *first, *second])
    return [s for s in found if WORDS[0] <= len(s.split()) <= WORDS[1]]


def masked_lm(texts, folder, steps, batch_size, learning_rate):
    """Returns the folder of an encoder trained by MaskedLM, made if missing."""
    folder = pathlib.Path(folder)
    if (folder / "encoder.keras").is_file():
        return folder
    spec = zoo.config("simcse_tiny")
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = data.train_tokenizer(
        texts, **spec["tokenizer"], out=folder / "tokenizer"
    )
    keras.utils.set_random_seed(0)
    # Minutes of training do not overfit, so dropout would only slow them down.
    encoder = zoo.build(spec["encoder"], dropout=0.0)
    task = models.MaskedLM(
        encoder, pretext.MaskedTokens(tokenizer, LENGTH, mask_rate=MASK_RATE)
    )
    warmup = steps // 15
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warmup, warmup_target=learning_rate, warmup_steps=warmup
    )
    task.compile(
        keras.optimizers.AdamW(schedule, weight_decay=0.01, global_clipnorm=1.0)
    )
    begin = time.monotonic()
    history = task.fit(
        task.dataset(texts, batch_size), epochs=10, steps_per_epoch=steps // 10
    ).history
    print(
        f"MaskedLM: {steps} steps of {batch_size}, {time.monotonic() - begin:.0f} s, "
        f"last tenth: loss {history['loss'][-1]:.3f}, "
        f"{history['accuracy'][-1]:.3f} restored"
    )
    encoder.save(folder / "encoder.keras")
    return folder


def new_task(start, folder, pooler):
    """Returns a SimCSE task on the encoder to start from."""
    if start == "minilm":
        encoder, tokenizer = encoders.from_preset(real_data.path("weights/minilm_l6"))
        return models.SimCSE(encoder, pretext.Tokens(tokenizer, LENGTH), pooler=pooler)
    return zoo.load(
        "simcse_tiny",
        weights=folder / "encoder.keras",
        tokenizer=folder / "tokenizer",
        overrides={"model.pooler": pooler, "pretext.sequence_length": LENGTH},
    )


def fit(task, start, texts, seed, steps, learning_rate):
    """Trains a task and returns the measures of its last tenth of steps."""
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    task.compile(keras.optimizers.AdamW(schedule, weight_decay=0.0))
    evaluated = task.pretext
    task.pretext = pretext.Tokens(evaluated.tokenizer, TRAINING_LENGTH[start])
    texts = [text for text in texts if len(text.split()) <= MOST_WORDS[start]]
    dataset = task.dataset(texts, BATCH_SIZE[start], seed=seed)
    epochs = min(steps, 10)
    history = task.fit(
        dataset, epochs=epochs, steps_per_epoch=steps // epochs, verbose=0
    )
    task.pretext = evaluated
    return {name: values[-1] for name, values in history.history.items()}


def measure(task, dev, geometry_step=1):
    """Returns Spearman's correlation, alignment and uniformity of the vectors."""
    first, second, scores = dev
    pooling = POOLINGS[task.pooler]
    rho = transfer.sentence_similarity(
        task.encoder,
        task.pretext,
        list(zip(first, second, strict=True)),
        scores,
        pooling=pooling,
    )
    first, second, scores = (side[::geometry_step] for side in dev)
    a, b = (
        task.features(
            {
                k: v.numpy()
                for k, v in task.pretext.prepare(tf.constant(side)).items()
                if k in task.encoder.input
            },
            pooling=pooling,
        )
        for side in (first, second)
    )
    close = scores > 4
    return np.array(
        [
            rho,
            metrics.alignment(a[close], b[close]),
            metrics.uniformity(np.concatenate([a, b])),
        ]
    )


def show(name, values):
    rows = np.array(values)
    stds = rows.std(0, ddof=1) if len(rows) > 1 else np.zeros(rows.shape[1])
    cells = [f"{m:.4f} ± {s:.4f}" for m, s in zip(rows.mean(0), stds, strict=True)]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("start", choices=sorted(SETTINGS))
    parser.add_argument("--folder", default="runs/simcse_stsb")
    parser.add_argument("--mlm-steps", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pooler", choices=sorted(POOLINGS))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--learning-rate", type=float)
    given = parser.parse_args()
    settings = dict(SETTINGS[given.start])
    for name in settings:
        if getattr(given, name) is not None:
            settings[name] = getattr(given, name)
    pooler = settings.pop("pooler")
    texts, dev = sentences(), real_data.stsb("dev")
    folder = None
    if given.start == "masked_lm":
        folder = masked_lm(texts, given.folder, given.mlm_steps, 128, 0.002)
    print(
        f"{len(texts):,} sentences; {pooler}, {settings}, "
        f"batches of {BATCH_SIZE[given.start]}"
    )
    print("| encoder | Spearman | alignment | uniformity |\n|---|---|---|---|")
    keras.utils.set_random_seed(0)
    for other in POOLINGS:
        task = new_task(given.start, folder, other)
        show(f"before, {other}", [measure(task, dev, GEOMETRY_STEP[given.start])])
    after = []
    for seed in range(given.seeds):
        keras.utils.set_random_seed(seed)
        task = new_task(given.start, folder, pooler)
        begin = time.monotonic()
        logs = fit(task, given.start, texts, seed, **settings)
        seconds = time.monotonic() - begin
        after.append(measure(task, dev, GEOMETRY_STEP[given.start]))
        show(f"after, seed {seed}", after[-1:])
        logs = ", ".join(f"{name} {value:.3f}" for name, value in logs.items())
        print(f"{seconds:.0f} s, last tenth: {logs}", flush=True)
    show(f"after, {len(after)} seeds", after)


if __name__ == "__main__":
    main()
