"""Whether SimCSE makes sentence vectors follow human similarity scores better.

    KERASSL_DATA=... python benchmarks/simcse_stsb.py spelled
    KERASSL_DATA=... python benchmarks/simcse_stsb.py masked_lm
    KERASSL_DATA=... python benchmarks/simcse_stsb.py minilm --choose
    KERASSL_DATA=... python benchmarks/simcse_stsb.py minilm

Starts from an encoder of our own: words by their spelling, which takes no training,
or the architecture of the preset `simcse_tiny` after some minutes of masked language
modelling; or from the published weights of all-MiniLM-L6-v2, which are a sentence
encoder already. SimCSE then trains on unlabelled sentences: those of encyclopedia
summaries and of the training part of the STS benchmark, for `spelled` of all English
texts of `benchmarks/word2vec.py` too. Prints Spearman's rank correlation on the
development part before and after, with alignment (pairs scored above 4) and
uniformity, beside the cosine of TF-IDF, counted in the same sentences. `--choose`
prints the correlation with every sixth score of the training part instead, by which
rates are chosen; the test part is never read.
"""

import argparse
import pathlib
import time

import keras
import numpy as np
import real_data
import tensorflow as tf
import word2vec

from kerassl import data, encoders, metrics, models, optimizers, pretext, transfer, zoo
from kerassl.transfer.sentence_pairs import SentenceSimilarity

WORDS = (5, 32)
# Tokens in a row when an encoder is measured, and when MaskedLM trains.
LENGTH = 32
MASK_RATE = 0.2
POOLINGS = {"mean": "mean", "cls_before_pooler": "cls"}
# A token costs MiniLM about 27 times as much, so it sees short sentences, and every
# fifth pair gives its geometry.
SETTINGS = {
    "spelled": {"pooler": "mean", "steps": 150, "learning_rate": 3e-4},
    "masked_lm": {"pooler": "mean", "steps": 200, "learning_rate": 3e-4},
    "minilm": {"pooler": "mean", "steps": 20, "learning_rate": 1e-5},
}
BATCH_SIZE = {"spelled": 256, "masked_lm": 64, "minilm": 48}
MOST_WORDS = {"spelled": 32, "masked_lm": 32, "minilm": 14}
TRAINING_LENGTH = {"spelled": 40, "masked_lm": 32, "minilm": 20}
# Of the training part, whose scores choose.
CHOOSING_STEP = 6
GEOMETRY_STEP = {"spelled": 1, "masked_lm": 1, "minilm": 5}


def sentences(start):
    """Returns unlabelled sentences, each once, in an order that is fixed."""
    texts = word2vec.corpus() if start == "spelled" else real_data.wiki_summaries()
    joined = " ".join(texts).replace("\n", " ")
    first, second, _ = real_data.stsb("train")
    found = dict.fromkeys([*joined.split(". "), *first, *second])
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


def spelled(texts):
    """Returns a SimCSE task on words by their spelling, that no training has seen."""
    tokenizer = data.train_tokenizer(texts, "word", 1 << 20, min_count=2)
    encoder = encoders.spelled_words(tokenizer, word_dropout=0.1)
    return models.SimCSE(encoder, pretext.Tokens(tokenizer, 40), pooler="mean")


def new_task(start, texts, folder, pooler):
    """Returns a SimCSE task on the encoder to start from."""
    if start == "spelled":
        return spelled(texts)
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
    if start == "spelled":
        task.compile(optimizers.RowAdagrad(schedule))
    else:
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
    spread = rows.std(0, ddof=1) if len(rows) > 1 else np.zeros(rows.shape[1])
    cells = [f"{m:.4f} ± {s:.4f}" for m, s in zip(rows.mean(0), spread, strict=True)]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def judge(task, texts, dev):
    """Prints the measure with its controls and its verdict."""
    first, second, scores = dev
    pairs = list(zip(first, second, strict=True))
    source = data.ArraySource(texts)
    measure = SentenceSimilarity(pairs, scores, pooling=POOLINGS[task.pooler])
    print(measure(task, source, source).to_markdown(), flush=True)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("start", choices=sorted(SETTINGS))
    parser.add_argument("--folder", default="runs/simcse_stsb")
    parser.add_argument("--mlm-steps", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pooler", choices=sorted(POOLINGS))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--choose", action="store_true", help="on the training part")
    return parser.parse_args()


def main():
    given = parsed()
    settings = dict(SETTINGS[given.start])
    for name in settings:
        if getattr(given, name) is not None:
            settings[name] = getattr(given, name)
    pooler = settings.pop("pooler")
    texts, pairs = sentences(given.start), real_data.stsb("dev")
    if given.choose:
        pairs = tuple(side[::CHOOSING_STEP] for side in real_data.stsb("train"))
    folder = None
    if given.start == "masked_lm":
        folder = masked_lm(texts, given.folder, given.mlm_steps, 128, 0.002)
    print(
        f"{len(texts):,} sentences; {pooler}, {settings}, "
        f"batches of {BATCH_SIZE[given.start]}"
    )
    print("| encoder | Spearman | alignment | uniformity |\n|---|---|---|---|")
    keras.utils.set_random_seed(0)
    # A mean of words has no first token.
    for other in [pooler] if given.start == "spelled" else POOLINGS:
        task = new_task(given.start, texts, folder, other)
        show(f"before, {other}", [measure(task, pairs, GEOMETRY_STEP[given.start])])
    after = []
    for seed in range(given.seeds):
        keras.utils.set_random_seed(seed)
        task = new_task(given.start, texts, folder, pooler)
        begin = time.process_time()
        logs = fit(task, given.start, texts, seed, **settings)
        seconds = time.process_time() - begin
        after.append(measure(task, pairs, GEOMETRY_STEP[given.start]))
        show(f"after, seed {seed}", after[-1:])
        logs = ", ".join(f"{name} {value:.3f}" for name, value in logs.items())
        print(f"{seconds:.0f} s of one core, last tenth: {logs}", flush=True)
    show(f"after, {len(after)} seeds", after)
    if not given.choose:
        judge(task, texts, pairs)


if __name__ == "__main__":
    main()
