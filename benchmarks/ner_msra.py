"""Whether masked language modelling helps to find names in Chinese with few labels.

    KERASSL_DATA=... python benchmarks/ner_msra.py
    KERASSL_DATA=... python benchmarks/ner_msra.py --full

A BERT of 2 layers x 128 learns from the characters of sentences of the MSRA corpus,
their tags left aside. Then persons, places and organisations are found by its tokens:
a linear probe and fine-tuning with 1,000 tagged sentences (`--full`: also 100 and all
5,000), beside the same encoder at random initialisation, one fine-tuned with all
tagged sentences, and what the characters tell by themselves. The 500 test sentences
are neither pretrained nor trained on; the settings were tried on 500 others, as
`RESULTS.md` says.
"""

import argparse
import tempfile
import time
import zipfile
from pathlib import Path

import keras
import numpy as np
import real_data

from kerassl import data, transfer, zoo

LENGTH, TAGGED, TEST = 64, 5000, 500
VOCABULARY, BATCH = 5000, 16
QUICK = {
    "steps": 800,
    "draws": 2,
    "sentences": [1000],
    "fine_tune_options": {"steps": 300, "learning_rate": 0.0005, "batch_size": BATCH},
    "supervised_options": {"steps": 500},
}
FULL = {
    "steps": 20_000,
    "draws": 3,
    "sentences": [100, 1000, None],
    "fine_tune_options": {"learning_rate": [0.0003, 0.0005, 0.001]},
    "supervised_options": None,
}


def corpus():
    """Returns the sentences of MSRA, a `kerassl.data.TaggedText`."""
    with (
        zipfile.ZipFile(real_data.path("zh", "dh_msra.zip")) as archive,
        tempfile.TemporaryDirectory() as folder,
    ):
        return data.TaggedText(Path(archive.extract("dh_msra.txt", folder)))


def pretrained(texts, steps, seed):
    """Returns a MaskedLM task trained on the characters of texts."""
    tokenizer = data.train_tokenizer(texts, "wordpiece", vocabulary_size=VOCABULARY)
    keras.utils.set_random_seed(seed)
    sizes = {
        "encoder.vocabulary_size": tokenizer.vocabulary_size(),
        "pretext.sequence_length": LENGTH,
        "pretext.mask_rate": 0.3,
    }
    task = zoo.load("bert_tiny", tokenizer=tokenizer, overrides=sizes)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 20, warmup_target=0.002, warmup_steps=steps // 20
    )
    task.compile(
        keras.optimizers.AdamW(schedule, weight_decay=0.01, global_clipnorm=1.0)
    )
    history = task.fit(
        task.dataset(texts, BATCH, seed=seed),
        epochs=5,
        steps_per_epoch=steps // 5,
        verbose=2,
    )
    return task, {name: values[-1] for name, values in history.history.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    options = dict(FULL if given.full else QUICK)
    steps = options.pop("steps")
    source = corpus()
    print(f"{len(source):,} sentences; {'; '.join(source.notes)}")
    order = np.random.default_rng(0).permutation(len(source))
    # The first sentences have chosen the settings; the test is of others.
    tried, test, tagged, others = np.split(order, np.cumsum([TEST, TEST, TAGGED]))
    others = np.concatenate([tried, others])
    begin = time.process_time()
    texts = data.Subset(source, np.sort(others))
    task, last = pretrained(texts, steps, given.seed)
    print(
        f"{len(texts):,} sentences, {steps} steps of {BATCH}, "
        f"{time.process_time() - begin:.0f} s of processor time; last fifth: "
        + ", ".join(f"{name} {value:.3f}" for name, value in last.items())
    )
    begin = time.process_time()
    measure = transfer.TokenClassification(**options)
    parts = data.Subset(source, tagged), data.Subset(source, test)
    found = measure(task, *parts, seed=given.seed, progress=False)
    print(f"measured in {time.process_time() - begin:.0f} s of processor time")
    print(found.to_markdown())
    for row in found.rows:
        name = f"{row['method']}, {row['encoder']}, {row['sentences'] or 'all'}"
        print(f"  {name}: " + ", ".join(f"{100 * f1:.1f}" for f1 in row["f1s"]))


if __name__ == "__main__":
    main()
