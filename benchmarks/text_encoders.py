"""What a text encoder of minutes knows of topics and of sentiment, with few labels.

    KERASSL_DATA=... python benchmarks/text_encoders.py bert_tiny --task bert.keras
    KERASSL_DATA=... python benchmarks/text_encoders.py t5_tiny --task t5.keras
    KERASSL_DATA=... python benchmarks/text_encoders.py

The preset learns from unlabelled texts, film reviews and encyclopedia summaries cut
to passages of a row's length, by its own recipe. Two questions are then asked of
its encoder, by a linear probe on the mean of its outputs and by fine-tuning:

- of which of 12 topics a summary is, from 15 labels a topic; the 2,000 summaries to
  test on are no part of pretraining;
- whether a sentence of SST-2 is positive, from 200 labels, on the test sentences.

Beside it stand the same encoder with random weights, and what a user has without
any: TF-IDF under logistic regression, and naive Bayes. Without a preset only these are
measured. `--validate` asks the same of
summaries cut out of the training part and of SST-2's development sentences, to choose
by. The trained task is kept at `--task`; where it is already, it is only evaluated.
"""

import argparse
import time
from pathlib import Path

import keras
import numpy as np
import real_data
import tensorflow as tf
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import MultinomialNB

import kerassl.models  # noqa: F401 -- so that Keras knows the class of a saved task
from kerassl import data, transfer, zoo
from kerassl.transfer.examples import draw_labels
from kerassl.zoo.overrides import override, parse_override

HELD_OUT = 2000
VALIDATED = 1500
CHARACTERS = 4  # of a token, at least: a passage is about a row
TASKS = {"topics": 15, "sentiment": 100}  # labels a class
FINE_TUNING = {"validation": None, "learning_rate": 0.0005, "steps": 100}
METHODS = ["linear_probe", "fine_tune"]


def summaries(validate):
    """Returns ((texts, topics) to train on, (texts, topics) to measure on)."""
    texts, labels, _ = real_data.wiki_topics()
    order = np.random.default_rng(0).permutation(len(texts))
    rest, held = order[HELD_OUT:], order[:HELD_OUT]
    if validate:
        held, rest = rest[:VALIDATED], rest[VALIDATED:]
    return [([texts[row] for row in part], labels[part]) for part in (rest, held)]


def sentences(validate):
    """Returns the same of SST-2, of whose training part 2,000 are taken."""
    texts, labels = real_data.sst2("train")
    rows = np.random.default_rng(0).permutation(len(labels))[:2000]
    train = [texts[row] for row in rows], labels[rows]
    return train, real_data.sst2("dev" if validate else "test")


def passages(documents, characters):
    """Returns the sentences of documents, joined to passages of so many characters."""
    found = []
    for document in documents:
        passage = ""
        for line in document.replace(". ", ".\n").splitlines():
            passage = f"{passage} {line.strip()}".strip()
            if len(passage) >= characters:
                found.append(passage)
                passage = ""
        if passage:
            found.append(passage)
    return found


def pretrain(spec, texts, seed):
    """Returns a task trained on texts by the recipe of a preset's sections."""
    recipe = spec["recipe"]
    steps, warmup = recipe["steps"], round(recipe.get("warmup", 0.0) * recipe["steps"])
    tokenizer = data.train_tokenizer(texts, **spec["tokenizer"], progress=False)
    keras.utils.set_random_seed(seed)
    task = zoo.load(spec, tokenizer=tokenizer)
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


def trained(given):
    """Returns the task that the command line asks for, trained now or before."""
    if given.task.exists():
        return keras.saving.load_model(given.task)
    changes = dict(map(parse_override, given.set))
    spec = override(zoo.config(given.preset), changes)
    reviews, _ = real_data.movie_reviews()
    train, _ = summaries(given.validate)
    characters = CHARACTERS * spec["pretext"]["sequence_length"]
    texts = passages([*reviews, *train[0]], characters)
    begin, clock = time.monotonic(), time.process_time()
    task = pretrain(spec, texts, given.seed)
    print(
        f"{len(texts):,} passages, {spec['recipe']['steps']} steps: "
        f"{time.monotonic() - begin:.0f} s, "
        f"{time.process_time() - clock:.0f} s of one core"
    )
    task.save(given.task)
    return task


def encoders(task, train, test, labels_per_class, draws):
    """Returns the comparison of the encoder with random weights."""

    def prepared(texts, labels):
        x = task.pretext.prepare(tf.constant(texts))
        return {name: value.numpy() for name, value in x.items()}, labels

    return transfer.compare(
        task.encoder,
        prepared(*train),
        prepared(*test),
        labels_per_class=[labels_per_class],
        draws=draws,
        methods=METHODS,
        controls=["random"],
        pooling="mean",
        fine_tune_options=FINE_TUNING,
        progress=False,
    )


def words(train, test, labels_per_class, draws):
    """Yields (name, method, accuracies over the draws) of what needs no encoder."""
    for name, method, vectors, fit in (
        ("TF-IDF", "linear probe", TfidfVectorizer(sublinear_tf=True), probe),
        (
            "word counts",
            "naive Bayes",
            CountVectorizer(binary=True),
            MultinomialNB().fit,
        ),
    ):
        x, held = vectors.fit_transform(train[0]), vectors.transform(test[0])
        chosen = [draw_labels(train[1], labels_per_class, i) for i in range(draws)]
        scores = [fit(x[c], train[1][c]).score(held, test[1]) for c in chosen]
        yield name, method, np.array(scores)


def probe(x, y):
    """Returns logistic regression, its strength chosen on a fifth of the labels."""
    fitted, asked, y_fitted, y_asked = train_test_split(
        x, y, test_size=0.2, stratify=y, random_state=0
    )
    tried = [
        LogisticRegression(C=c, max_iter=200).fit(fitted, y_fitted)
        for c in (1.0, 10.0, 100.0)
    ]
    best = max(tried, key=lambda model: model.score(asked, y_asked))
    return LogisticRegression(C=best.C, max_iter=200).fit(x, y)


def row(name, method, accuracies):
    values = 100 * np.asarray(accuracies)
    drawn = ", ".join(f"{value:.1f}" for value in values)
    mean = f"{values.mean():.1f} ± {values.std(ddof=1):.1f}"
    return f"| {name} | {method} | {mean} | {drawn} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset", nargs="?")
    parser.add_argument("--task", type=Path, help="a .keras file")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="of the preset"
    )
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--validate", action="store_true", help="to choose by")
    given = parser.parse_args()
    if given.preset and not given.task:
        parser.error("--task: expected a .keras file to keep the trained task in")
    task = trained(given) if given.preset else None
    for name, read in (("topics", summaries), ("sentiment", sentences)):
        train, test = read(given.validate)
        budget = TASKS[name]
        print(f"\n{name}: {budget} labels a class, {len(test[0]):,} to measure on\n")
        print("| encoder | method | accuracy in % | draws |\n|---|---|---|---|")
        if task is not None:
            for found in encoders(task, train, test, budget, given.draws).rows:
                print(row(found["encoder"], found["method"], found["accuracies"]))
        for found in words(train, test, budget, given.draws):
            print(row(*found))


if __name__ == "__main__":
    main()
