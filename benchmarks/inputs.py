"""What there is without an encoder: every input baseline on its held-out data.

    KERASSL_DATA=... python benchmarks/inputs.py
    KERASSL_DATA=... python benchmarks/inputs.py fashion topics sst2 bytes

On the same data, labels and draws as the benchmarks of encoders: `fashion` is
`fashion.py`'s 100 labels a class, `topics` the 15 labelled articles a topic of
`denoising.py`, `sst2` the 200 sentences of `masked_lm_sst2.py`, whose word vectors
may be of all texts that the encoder there learns from, and `bytes` the texts of
`causal_lm.py`. A linear probe's strength is chosen on a fifth of the labels, naive
Bayes' by cross-validation on them. The test sets choose nothing: what the baselines
fix was tried on training and development data, as their docstrings say. Memory is
told above the highest so far: for one task's own, run it alone.
"""

import argparse
import functools
import lzma
import resource
import time
import warnings

import causal_lm
import denoising
import masked_lm_sst2
import numpy as np
import real_data
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kerassl.data import ArraySource
from kerassl.transfer.examples import draw_labels, split_off
from kerassl.transfer.inputs import ByteNgrams, InputFeatures, inputs_of
from kerassl.transfer.inputs.averaged import averaged_vectors
from kerassl.transfer.inputs.words import numbered, word_rows

STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)
ORDERS = (6, 8)


def fashion():
    sets = [real_data.fashion_mnist(split) for split in ("train", "test")]
    train, test = (ArraySource(*each) for each in sets)
    show(timed(train, test), train.labels, test.labels, 100, draws=3)


def topics():
    (train, y), (test, y_test) = denoising.articles()
    found = timed(ArraySource(train), ArraySource(test))
    show(found, y, y_test, denoising.LABELS_PER_CLASS, draws=5)


def sst2():
    sentences, labels = real_data.sst2("train")
    rows = np.random.default_rng(0).permutation(len(labels))[: masked_lm_sst2.LABELLED]
    train, y = [sentences[row] for row in rows], labels[rows]
    test, y_test = real_data.sst2("test")
    found = timed(ArraySource(train), ArraySource(test))
    reviews, _ = real_data.movie_reviews()
    more = masked_lm_sst2.passages([*reviews, *real_data.wiki_summaries()])
    read, words = word_rows([*train, *more])
    parts = [numbered(texts, words) for texts in (train, test)]
    means = averaged_vectors(read, parts, len(words))
    name = "averaged word vectors of all texts"
    found.append(InputFeatures(name, means[0], means[1], standardise=False))
    show(found, y, y_test, masked_lm_sst2.LABELS_PER_CLASS, draws=20)


def code_lengths():
    train, test = causal_lm.split(real_data.wiki_summaries())
    size = sum(len(text.encode("utf-8")) for text in test)
    print(f"bits a byte of {len(test):,} texts, {len(train):,} to count")
    for order in ORDERS:
        clock = time.process_time()
        bits = ByteNgrams(train, order).bits(test).sum() / size
        seconds = time.process_time() - clock
        print(f"byte {order}-gram: {bits:.3f}, {seconds:.1f} s of one core", flush=True)
    clock = time.process_time()
    bits = 8 * (packed([*train, *test]) - packed(train)) / size
    print(f"lzma: {bits:.3f}, {time.process_time() - clock:.1f} s of one core")


def packed(texts):
    """Returns the bytes of texts packed by LZMA as well as it can."""
    best = {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}
    content = "\n".join(texts).encode("utf-8")
    return len(lzma.compress(content, lzma.FORMAT_RAW, filters=[best]))


def timed(train, test):
    """Returns the features of the input, and prints what they cost."""
    clock, before = time.process_time(), peak()
    found = inputs_of(train, test)
    seconds = time.process_time() - clock
    print(
        f"{len(train):,} to train, {len(test):,} to test: {seconds:.1f} s of one core, "
        f"{peak() - before:.2f} GB above the highest before"
    )
    return found


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def show(found, y, y_test, budget, draws):
    """Prints the accuracies of all inputs with so many labels a class."""
    chosen = [draw_labels(y, budget, draw) for draw in range(draws)]
    for each in found:
        methods = dict(each.classifiers)
        if "linear_probe" in each.methods:
            methods["linear probe"] = functools.partial(probe, each.standardise)
        for title, method in methods.items():
            clock = time.process_time()
            told = [method(each.train[c], y[c], each.test) for c in chosen]
            values = 100 * np.array([(t == y_test).mean() for t in told])
            seconds = (time.process_time() - clock) / draws
            shown = f"{values.mean():.1f} ± {values.std(ddof=1):.1f}"
            sizes = f"{budget} labels a class, {draws} draws, {seconds:.1f} s each"
            print(f"{title} on {each.name}: {shown}, {sizes}", flush=True)


def probe(standardise, x, y, x_test):
    """Returns what a linear probe tells, its strength chosen on a fifth of labels."""
    kept, held = split_off(y, 0.2, seed=0)
    seen = np.flatnonzero(abs(x).sum(axis=0))  # others have the weight 0
    x, x_test = x[:, seen], x_test[:, seen]
    scores = [
        fitted(x[kept], y[kept], c, standardise).score(x[held], y[held])
        for c in STRENGTHS
    ]
    best = STRENGTHS[int(np.argmax(scores))]
    return fitted(x, y, best, standardise).predict(x_test)


def fitted(x, y, strength, standardise):
    scaled = [StandardScaler()] if standardise else []
    model = make_pipeline(*scaled, LogisticRegression(C=strength, max_iter=200))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, y)


TASKS = {"fashion": fashion, "topics": topics, "sst2": sst2, "bytes": code_lengths}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=", ".join(TASKS))
    given = parser.parse_args().tasks or list(TASKS)
    unknown = sorted(set(given) - set(TASKS))
    if unknown:
        parser.error(f"no task {unknown[0]!r}; there are {', '.join(TASKS)}")
    for name in given:
        print(f"\n{name}")
        TASKS[name]()


if __name__ == "__main__":
    main()
