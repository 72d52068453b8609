"""What BART's text infilling teaches a small encoder in minutes on a CPU.

    KERASSL_DATA=... python benchmarks/text_infilling.py

The preset `bart_tiny` learns from 8,033 summaries of encyclopedia articles. On
2,000 others two things are measured. First the denoising loss, beside that of a
unigram model, the token frequencies of the training texts, and the loss of the
tokens that the encoder does not see at all. Then which of 12 topics an article
has, from 15 labelled articles a topic: a linear probe on the mean of the frozen
encoder's outputs, beside the same encoder with random weights, and beside TF-IDF
and naive Bayes on the words themselves. What each has to choose is chosen on a
fifth of the labels. The verdict compares them draw by draw.
"""

import argparse
import time

import keras
import numpy as np
import real_data
import tensorflow as tf
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB

from kerassl import data, transfer, zoo
from kerassl.losses.language import token_cross_entropy
from kerassl.pretraining.task import optimizer_for
from kerassl.transfer.examples import draw_labels, split_off
from kerassl.transfer.features import encode
from kerassl.transfer.verdict import verdict

PRESET, HELD_OUT, LABELS_PER_CLASS = "bart_tiny", 2000, 15
CLASSIFIERS = {
    "TF-IDF": (
        TfidfVectorizer(sublinear_tf=True),
        [LogisticRegression(C=c, max_iter=500) for c in (1, 10, 100, 1000)],
    ),
    "naive Bayes": (
        CountVectorizer(),
        [MultinomialNB(alpha=alpha) for alpha in (0.01, 0.1, 1.0)],
    ),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, help="by default those of the recipe")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    train, test = articles()
    clock = time.process_time()
    task, untrained, steps = pretrain(train[0], given.steps, given.seed)
    print(f"{steps} steps with the tokenizer: {time.process_time() - clock:.0f} s")
    denoising(task, test[0], train[0])
    features = {
        "random weights": encoded(untrained, task, train[0], test[0]),
        "pretrained": encoded(task.encoder, task, train[0], test[0]),
    }
    found: dict = {name: [] for name in (*CLASSIFIERS, *features)}
    for draw in range(given.draws):
        rows = draw_labels(train[1], LABELS_PER_CLASS, draw)
        for name, (vectorizer, models) in CLASSIFIERS.items():
            x = vectorizer.fit_transform(train[0]), vectorizer.transform(test[0])
            parts = (x[0][rows], train[1][rows]), (x[1], test[1])
            found[name].append(100 * best_of(models, *parts, draw))
        for name, x in features.items():
            parts = (x[0][rows], train[1][rows]), (x[1], test[1])
            accuracy = transfer.linear_probe(None, *parts, seed=draw).accuracy
            found[name].append(100 * accuracy)
    print("| features | accuracy, % |\n|---|---|")
    for name, values in found.items():
        print(f"| {name} | {np.mean(values):.1f} ± {np.std(values, ddof=1):.1f} |")
    for name in ("TF-IDF", "naive Bayes", "random weights"):
        differences = np.subtract(found["pretrained"], found[name])
        what = f"With {LABELS_PER_CLASS} labels a topic the linear probe"
        print(verdict(differences, what=what, against=f"with {name}").sentence)
    for text, made in zip(test[0][:3], task.restore(test[0][:3]), strict=True):
        print(f"\n{text[:300]}\n-> {made}")


def articles():
    """Returns (texts, labels) to train on and to test on, in a fixed order."""
    texts, labels, _ = real_data.wiki_topics()
    order = np.random.default_rng(0).permutation(len(texts))
    parts = order[HELD_OUT:], order[:HELD_OUT]
    return [([texts[row] for row in part], labels[part]) for part in parts]


def pretrain(texts, steps, seed):
    """Returns a trained task, its encoder as it began, and the steps."""
    preset = zoo.config(PRESET)
    recipe = preset["recipe"]
    recipe["steps"] = steps = steps or recipe["steps"]
    recipe["warmup_steps"] = round(recipe.pop("warmup") * steps)
    tokenizer = data.train_tokenizer(texts, **preset["tokenizer"], progress=False)
    keras.utils.set_random_seed(seed)
    task = zoo.load(PRESET, tokenizer=tokenizer)
    untrained = keras.models.clone_model(task.encoder)
    untrained.set_weights(task.encoder.get_weights())
    task.compile(optimizer_for(recipe, task))
    task.fit(
        task.dataset(texts, recipe["batch_size"], seed=seed),
        epochs=5,
        steps_per_epoch=max(1, steps // 5),
        verbose=2,
    )
    return task, untrained, steps


def denoising(task, texts, train_texts):
    """Prints the loss on held-out texts beside that of token frequencies."""
    kinds = task.backbone.vocabulary_size
    counts = np.ones(kinds)  # so that none has probability 0
    for _, y, weight in rows(task, train_texts):
        counts += np.bincount(y[weight > 0], minlength=kinds)
    unigram = -np.log(counts / counts.sum())
    losses, answers, kept, unseen = [], [], [], []
    for x, y, weight in rows(task, texts):
        losses.append(token_cross_entropy(task(x), y).numpy())
        shown = x["encoder_token_ids"].numpy()
        seen = [np.isin(*pair) for pair in zip(y, shown, strict=True)]
        answers.append(y)
        kept.append(weight > 0)
        unseen.append((weight > 0) & ~np.array(seen))
    losses, answers = np.concatenate(losses), np.concatenate(answers)
    print("| tokens of the answers | number | unigram, nats | loss, nats |")
    print("|---|---|---|---|")
    for name, parts in (("all", kept), ("nowhere in what is shown", unseen)):
        chosen = np.concatenate(parts)
        expected, loss = unigram[answers[chosen]].mean(), losses[chosen].mean()
        print(f"| {name} | {chosen.sum():,} | {expected:.3f} | {loss:.3f} |")


def rows(task, texts):
    """Yields batches of examples, each text corrupted once, but for a rest."""
    for x, y, weight in task.dataset(texts, 100, seed=1).take(len(texts) // 100):
        yield x, y.numpy(), weight.numpy()


def encoded(encoder, task, *parts):
    """Returns the mean of an encoder's outputs for each text."""
    clean = [task.pretext.prepare(tf.constant(texts)) for texts in parts]
    clean = [{n: part.numpy() for n, part in x.items()} for x in clean]
    return [encode(encoder, x, pooling="mean") for x in clean]


def best_of(models, train, test, seed):
    """Returns the accuracy of the model that is best on a fifth of the labels."""
    (x, y), (x_test, y_test) = train, test
    fitted, chosen_on = split_off(y, 0.2, seed)
    scores = [
        model.fit(x[fitted], y[fitted]).score(x[chosen_on], y[chosen_on])
        for model in models
    ]
    return models[int(np.argmax(scores))].fit(x, y).score(x_test, y_test)


if __name__ == "__main__":
    main()
