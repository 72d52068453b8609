"""What T5's span corruption teaches a small encoder in minutes on a CPU.

    KERASSL_DATA=... python benchmarks/denoising.py

The preset `t5_tiny` learns from 8,033 summaries of encyclopedia articles. On
2,000 others two things are measured. First the denoising loss, beside that of a
unigram model, the token frequencies of the training texts' answers: for all tokens
of the answers, for those that are text, for the sentinels and for the ends. Both
models share their probability out over all of these at every place. Then a linear probe
on the mean of the frozen encoder's outputs: which of 12 topics an article has,
from 15 labelled articles a topic, beside the same encoder with random weights.
The probe's strength is chosen on a fifth of the labels.
"""

import argparse
import time

import keras
import numpy as np
import real_data
import tensorflow as tf

from kerassl import data, transfer, zoo
from kerassl.losses.language import token_cross_entropy

HELD_OUT = 2000
LABELS_PER_CLASS = 15


def articles():
    """Returns (texts, labels) to train on and to test on, in a fixed order."""
    texts, labels, _ = real_data.wiki_topics()
    order = np.random.default_rng(0).permutation(len(texts))
    parts = order[HELD_OUT:], order[:HELD_OUT]
    return [([texts[row] for row in part], labels[part]) for part in parts]


def pretrain(texts, steps, seed):
    """Returns a task trained by the recipe of `t5_tiny` in so many steps."""
    preset = zoo.config("t5_tiny")
    recipe = preset["recipe"]
    tokenizer = data.train_tokenizer(texts, **preset["tokenizer"], progress=False)
    keras.utils.set_random_seed(seed)
    task = zoo.load("t5_tiny", tokenizer=tokenizer)
    warmup = round(recipe["warmup"] * recipe["steps"])
    rate = keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, steps - warmup),
        warmup_target=recipe["learning_rate"],
        warmup_steps=warmup,
    )
    task.compile(zoo.build(recipe["optimizer"], learning_rate=rate))
    task.fit(
        task.dataset(texts, recipe["batch_size"], seed=seed),
        epochs=10,
        steps_per_epoch=max(1, steps // 10),
        verbose=2,
    )
    return task


def denoising(task, texts, train_texts):
    """Prints the loss on held-out texts beside that of token frequencies."""
    kinds = task.backbone.vocabulary_size
    counts = np.ones(kinds)  # so that none has probability 0
    for _, y, weight in rows(task, train_texts):
        counts += np.bincount(y[weight > 0], minlength=kinds)
    unigram = -np.log(counts / counts.sum())
    batches = list(rows(task, texts))
    losses = [token_cross_entropy(task(x), y).numpy() for x, y, _ in batches]
    losses = np.concatenate(losses)
    answers = np.concatenate([y for _, y, _ in batches])
    asked = np.concatenate([weight for _, _, weight in batches]) > 0
    ends = answers == task.pretext.tokenizer.end_token_id
    text = (answers < task.pretext.tokenizer.vocabulary_size()) & ~ends
    print("| tokens of the answers | number | unigram, nats | loss, nats |")
    print("|---|---|---|---|")
    for name, chosen in (
        ("all", asked),
        ("text", asked & text),
        ("sentinels", asked & ~text & ~ends),
        ("ends", asked & ends),
    ):
        expected, loss = unigram[answers[chosen]].mean(), losses[chosen].mean()
        print(f"| {name} | {chosen.sum():,} | {expected:.3f} | {loss:.3f} |")


def rows(task, texts):
    """Yields batches of examples, each text corrupted once, but for a rest."""
    for x, y, weight in task.dataset(texts, 100, seed=1).take(len(texts) // 100):
        yield x, y.numpy(), weight.numpy()


def probe(task, train, test, draws):
    """Returns the comparison of the encoder with random weights."""

    def prepared(texts, labels):
        x = task.pretext.prepare(tf.constant(texts))
        return {name: value.numpy() for name, value in x.items()}, labels

    return transfer.compare(
        task.encoder,
        prepared(*train),
        prepared(*test),
        labels_per_class=[LABELS_PER_CLASS],
        draws=draws,
        methods=["linear_probe"],
        controls=["random"],
        pooling="mean",
        progress=False,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, help="by default those of the recipe")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", help="a file for the task, such as task.keras")
    given = parser.parse_args()
    train, test = articles()
    clock, begin = time.process_time(), time.monotonic()
    steps = given.steps or zoo.config("t5_tiny")["recipe"]["steps"]
    task = pretrain(train[0], steps, given.seed)
    print(
        f"{steps} steps with the tokenizer: {time.monotonic() - begin:.0f} s, "
        f"{time.process_time() - clock:.0f} s of one core"
    )
    if given.save:
        task.save(given.save)
    denoising(task, test[0], train[0])
    result = probe(task, train, test, given.draws)
    print(result.to_markdown())
    for row in result.rows:
        accuracies = ", ".join(f"{value:.4f}" for value in row["accuracies"])
        print(f"{row['encoder']}: {accuracies}; {row['settings']}")
    for text, made in zip(test[0][:3], task.restore(test[0][:3]), strict=True):
        print(f"\n{text[:300]}\n-> {made}")


if __name__ == "__main__":
    main()
