"""Whether averaged word vectors classify texts with few labels better than their input.

    KERASSL_DATA=... python benchmarks/averaged_words.py --task words.keras --choose
    KERASSL_DATA=... python benchmarks/averaged_words.py --task words.keras

Skip-gram learns word vectors from film reviews and 8,033 summaries of encyclopedia
articles, without labels. A text is the mean of its words' vectors, frequent words
weighted down (`task.sentence_encoder()`). A linear probe on it tells the topic of
2,000 other summaries from 15 labels for each of 12 topics, and the sentiment of
SST-2's test sentences from 100 labels for each of two, beside the input itself
(TF-IDF, naive Bayes, vectors by counting) and random vectors, all with the same
labels. `--choose` prints the figures of what may be chosen, the weighting and
whether the first principal component goes, on SST-2's development part and on 1,500
of the 8,033 summaries. The trained task is kept at `--task`; where the file is there
already, it is only evaluated.
"""

import argparse
import time
from pathlib import Path

import keras
import numpy as np
import real_data
from denoising import articles

import kerassl.models  # noqa: F401 -- so that Keras knows the class of a saved task
from kerassl import data, transfer, zoo
from kerassl.transfer.inputs import inputs_of

SUBSAMPLING, RATE, LABELLED, HELD_OUT = 1e-4, 0.3, 2000, 1500
# Of the weighting; chosen on the parts that `--choose` reads.
SMOOTHING, WITHOUT_COMMON = 1e-3, False
CHOICES = [(a, common) for a in (1e-2, 1e-3, 1e-4) for common in (False, True)]


def train(dim, window, passes, seed):
    """Returns a SkipGram task trained on reviews and the summaries to train on."""
    texts = real_data.movie_reviews()[0] + articles()[0][0]
    tokenizer = data.train_tokenizer(texts, "word", 1 << 20, min_count=3)
    keras.utils.set_random_seed(seed)
    settings = {
        "encoder.dim": dim,
        "pretext.window": window,
        "pretext.subsampling": SUBSAMPLING,
    }
    task = zoo.load("word2vec_skipgram", tokenizer=tokenizer, overrides=settings)
    recipe = zoo.config("word2vec_skipgram")["recipe"]
    source = data.pack_documents(
        data.ArraySource(texts), tokenizer, task.pretext.sequence_length
    )
    dataset = task.dataset(source, recipe["batch_size"], seed=seed)
    steps = passes * dataset.steps_per_epoch
    schedule = keras.optimizers.schedules.CosineDecay(RATE, steps)
    task.compile(zoo.build(recipe["optimizer"], learning_rate=schedule))
    clock = time.process_time()
    task.fit(dataset, epochs=passes, verbose=0)
    counted = task.pretext.word_counts()
    print(
        f"{counted.sum():,} words, {(counted > 0).sum():,} different, {passes} passes: "
        f"{time.process_time() - clock:.0f} s of one core"
    )
    return task


def topics(choose):
    """Returns (train, test), each (texts, labels), and the labels a class."""
    trained, test = articles()
    if choose:
        cut = len(trained[0]) - HELD_OUT
        trained, test = (
            (trained[0][part], trained[1][part])
            for part in (slice(cut), slice(cut, None))
        )
    return trained, test, 15


def sentiment(choose):
    """Returns the same of SST-2."""
    sentences, labels = real_data.sst2("train")
    rows = np.random.default_rng(0).permutation(len(labels))[:LABELLED]
    trained = [sentences[row] for row in rows], labels[rows]
    return trained, real_data.sst2("dev" if choose else "test"), 100


def compared(task, sets, smoothing, without_common, draws, controls):
    """Returns the comparison of the averaged vectors with the controls asked for."""
    train, test, labels_per_class = sets
    encoder = task.sentence_encoder(smoothing, train[0] if without_common else None)
    sources = [data.ArraySource(texts, labels) for texts, labels in (train, test)]
    prepared = [
        (transfer.PreparedExamples(source, task.pretext), source.labels)
        for source in sources
    ]
    return transfer.compare(
        encoder,
        *prepared,
        labels_per_class=[labels_per_class],
        draws=draws,
        methods=["linear_probe"],
        controls=controls,
        inputs=inputs_of(*sources) if "input" in controls else (),
        progress=False,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", type=Path, required=True, help="a .keras file")
    parser.add_argument("--choose", action="store_true", help="not on the test sets")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--dim", type=int, default=200)
    parser.add_argument("--window", type=int, default=8)
    parser.add_argument("--passes", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.task.exists():
        task = keras.saving.load_model(given.task)
    else:
        task = train(given.dim, given.window, given.passes, given.seed)
        task.save(given.task)
    for read in (topics, sentiment):
        sets = read(given.choose)
        for choice in CHOICES if given.choose else [(SMOOTHING, WITHOUT_COMMON)]:
            controls = [] if given.choose else ["input", "random"]
            found = compared(task, sets, *choice, given.draws, controls)
            print(f"\n{read.__name__}, smoothing and without common part: {choice}")
            print(found.to_markdown(), flush=True)


if __name__ == "__main__":
    main()
