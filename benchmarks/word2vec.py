"""Word similarity, analogies and words per second beside gensim and counting.

    pip install gensim
    KERASSL_DATA=... taskset -c 0 python benchmarks/word2vec.py
    KERASSL_DATA=... python benchmarks/word2vec.py --one kerassl cbow 0 --rate 0.2

Trains skip-gram and CBOW on 3 million words of English (encyclopedia summaries,
film reviews, WikiText-2's validation and test texts, Shakespeare, news), by kerassl
and by gensim 4.4 with the same words, dimension, window, negatives, subsampling,
least count and epochs, each in a process of its own and one after the other; gensim
gets one worker. The control is the SVD of PPMI of the same words, which trains
nothing. Then come Spearman's rank correlation with WordSim-353 and SimLex-999, the
share of 19,544 analogies answered rightly (of those whose words are known), and the
CPU seconds of training. The scored pairs are cut into two halves by their words:
settings are chosen by the first (`choice`), and the second reports.
"""

import argparse
import csv
import json
import statistics
import subprocess
import sys
import time
import zlib

import numpy as np
import real_data

DIM, NEGATIVES, MIN_COUNT = 100, 5, 5
# Chosen by the first half, with seed 0.
RATES = {
    ("kerassl", "skipgram"): 0.4,
    ("kerassl", "cbow"): 0.4,
    ("gensim", "skipgram"): 0.05,
    ("gensim", "cbow"): 0.1,
}
RUNS = [("ppmi", "svd"), *RATES]
HALVES = ("choosing", "reporting")
SCORED = ("WS-353-ALL", "WS-353-SIM", "WS-353-REL", "SIMLEX-999")
CHOSEN_BY = ("WS-353-ALL", "SIMLEX-999")
# A token alone that WikiText puts for what it leaves out.
LEFT_OUT = ("<unk>", "@-@", "@,@", "@.@")


def corpus():
    """Returns a list of English texts."""
    texts = real_data.wiki_summaries() + real_data.movie_reviews()[0]
    for name in ("wikitext2_valid.txt", "wikitext2_test.txt", "tinyshakespeare.txt"):
        text = real_data.path("corpus_en", name).read_text("utf-8")
        for token in LEFT_OUT:
            text = text.replace(token, " ")
        texts += text.split("\n\n" if "shakespeare" in name else "\n")
    with open(real_data.path("ag_news", "test.csv"), encoding="utf-8") as file:
        texts += [" ".join(row[1:]) for row in csv.reader(file)]
    return [text for text in texts if text.strip()]


def half_of(pair):
    """Returns the half of the scored pairs that a pair is in, by its words alone."""
    return HALVES[zlib.crc32(" ".join(sorted(pair)).lower().encode()) % 2]


def scores(vectors):
    """Returns what word vectors know, by name, with the questions covered.

    The names of the pairs' correlations end in the half that they are over.
    """
    found = {}
    for name in SCORED:
        rows = real_data.path("wordsim", f"EN-{name}.txt").read_text().splitlines()
        rows = [row.split() for row in rows]
        for half in HALVES:
            kept = [row for row in rows if half_of(row[:2]) == half]
            found[f"{name} {half}"] = vectors.similarity(
                [row[:2] for row in kept], [float(row[2]) for row in kept]
            )
    lines = real_data.path("wordsim", "questions-words.txt").read_text().splitlines()
    questions = [line.split() for line in lines if not line.startswith(":")]
    found["analogies"] = vectors.analogy_accuracy(questions)
    return found


def choice(found):
    """Returns by what settings are chosen, a mean of two correlations."""
    return statistics.mean(found[f"{name} choosing"][0] for name in CHOSEN_BY)


def train_kerassl(texts, tokenizer, model, seed, *, rate, epochs, subsampling, window):
    """Returns (WordVectors, training seconds) of a preset with these settings."""
    import keras

    from kerassl import data, transfer, zoo

    keras.utils.set_random_seed(seed)
    settings = {
        "encoder.dim": DIM,
        "pretext.window": window,
        "pretext.subsampling": subsampling,
        "model.negatives": NEGATIVES,
    }
    task = zoo.load(f"word2vec_{model}", tokenizer=tokenizer, overrides=settings)
    recipe = zoo.config(f"word2vec_{model}")["recipe"]
    source = data.pack_documents(
        data.ArraySource(texts), tokenizer, task.pretext.sequence_length
    )
    dataset = task.dataset(source, recipe["batch_size"], seed=seed)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate, epochs * dataset.steps_per_epoch
    )
    task.compile(zoo.build(recipe["optimizer"], learning_rate=schedule))
    begin = time.process_time()
    task.fit(dataset, epochs=epochs, verbose=0)
    return transfer.WordVectors.of(task), time.process_time() - begin


def train_gensim(texts, tokenizer, model, seed, *, rate, epochs, subsampling, window):
    """Returns (WordVectors, training seconds) of gensim on the same words."""
    from gensim.models import Word2Vec

    from kerassl.transfer import WordVectors

    documents = words_of(texts, tokenizer)
    task = Word2Vec(
        vector_size=DIM,
        window=window,
        min_count=1,  # rare words are left out already
        sg=int(model == "skipgram"),
        negative=NEGATIVES,
        sample=subsampling,
        alpha=rate,
        seed=seed,
        workers=1,
    )
    task.build_vocab(documents)
    begin = time.process_time()
    task.train(documents, total_examples=len(documents), epochs=epochs)
    return WordVectors(task.wv.index_to_key, task.wv.vectors), (
        time.process_time() - begin
    )


def count_ppmi(texts, tokenizer, model, seed, *, window, shift):
    """Returns (WordVectors, seconds) by counting alone, the control."""
    from kerassl.transfer import WordVectors
    from kerassl.transfer.inputs.ppmi import ppmi_svd

    documents = words_of(texts, tokenizer)
    words = tokenizer.get_vocabulary()[5:]  # after the special tokens
    number = {word: i for i, word in enumerate(words)}
    rows = [np.array([number[word] for word in row], "int32") for row in documents]
    begin = time.process_time()
    vectors = ppmi_svd(rows, len(words), dim=DIM, window=window, shift=shift, seed=seed)
    return WordVectors(words, vectors), time.process_time() - begin


LIBRARIES = {"kerassl": train_kerassl, "gensim": train_gensim, "ppmi": count_ppmi}


def words_of(texts, tokenizer):
    """Returns the known words of each text, in its order."""
    import tensorflow as tf

    tokenize, documents = tf.function(lambda batch: tokenizer(batch)), []
    names = tokenizer.get_vocabulary()
    for begin in range(0, len(texts), 512):
        for row in tokenize(tf.constant(texts[begin : begin + 512])).to_list():
            documents.append([names[i] for i in row if tokenizer.counts[i] and i != 1])
    return documents


def one(library, model, seed, given):
    """Trains once and prints what the vectors know, as JSON."""
    from kerassl.data import train_tokenizer

    texts = corpus()
    tokenizer = train_tokenizer(texts, "word", 1 << 20, min_count=MIN_COUNT)
    settings = {"window": given.window, "shift": given.shift}
    if library != "ppmi":
        settings = {
            "rate": given.rate or RATES[library, model],
            "epochs": given.epochs,
            "subsampling": given.subsampling,
            "window": given.window,
        }
    train = LIBRARIES[library]
    vectors, seconds = train(texts, tokenizer, model, seed, **settings)
    found = scores(vectors)
    facts = {"seconds": seconds, "words": int(tokenizer.counts[5:].sum())}
    print(json.dumps({**settings, **facts, "choice": choice(found), **found}))


def in_a_process(library, model, seed, given):
    """Returns what `one` prints, run in a process of its own."""
    options = [f"--epochs={given.epochs}", f"--window={given.window}"]
    options += [f"--subsampling={given.subsampling}", f"--shift={given.shift}"]
    done = subprocess.run(
        [sys.executable, __file__, *options, "--one", library, model, str(seed)],
        check=True,
        capture_output=True,
        text=True,
    )
    print(library, model, seed, done.stdout.splitlines()[-1], flush=True)
    return json.loads(done.stdout.splitlines()[-1])


def row(library, model, runs):
    """Returns a line of the table: means and deviations over the seeds."""
    line = f"| {model} | {library} |"
    for name in (*(f"{pairs} reporting" for pairs in SCORED), "analogies"):
        values = [run[name][0] for run in runs]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        line += f" {statistics.mean(values):.3f} ± {spread:.3f} |"
    seconds = statistics.median(run["seconds"] for run in runs)
    return f"{line} {seconds:.0f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rate", type=float, help="with --one; else as chosen")
    parser.add_argument("--window", type=int, default=5)
    parser.add_argument("--subsampling", type=float, default=1e-4)
    parser.add_argument("--shift", type=float, default=1.0, help="of PPMI")
    parser.add_argument("--one", nargs=3, metavar=("LIBRARY", "MODEL", "SEED"))
    given = parser.parse_args()
    if given.one:
        library, model, seed = given.one
        one(library, model, int(seed), given)
        return
    for library, model in RUNS:
        seeds = range(1 if library == "ppmi" else given.seeds)
        runs = [in_a_process(library, model, seed, given) for seed in seeds]
        print(row(library, model, runs), flush=True)


if __name__ == "__main__":
    main()
