"""Bits per byte of a small GPT-2 after minutes on a CPU, beside what needs none.

    KERASSL_DATA=... python benchmarks/causal_lm.py
    KERASSL_DATA=... python benchmarks/causal_lm.py --set recipe.steps=12000

Trains the preset `gpt2_tiny` on nine tenths of 10,033 encyclopedia summaries:
byte-level BPE first, then the decoder. Prints bits per byte on the other tenth,
chosen by a fixed seed and not read before the end, for the trained decoder, for the
same one with random weights, for token frequencies of the training texts, for a byte
8-gram model of them, and for the compressor lzma that has read them.
`--validate` measures on a tenth of the training texts instead, to choose by.
"""

import argparse
import lzma
import time

import keras
import numpy as np
import real_data

from kerassl import data, transfer, zoo
from kerassl.zoo.overrides import override, parse_override


def split(texts):
    order = np.random.default_rng(0).permutation(len(texts))
    cut = len(texts) // 10
    return [texts[i] for i in order[cut:]], [texts[i] for i in order[:cut]]


def compressed(train, test):
    """Returns the bits a byte that `test` costs lzma after `train`."""

    def size(texts):
        filters = [{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": 1 << 24}]
        joined = "\0".join(texts).encode("utf-8")
        return len(lzma.compress(joined, format=lzma.FORMAT_RAW, filters=filters))

    told = sum(len(text.encode("utf-8")) for text in test)
    return 8 * (size([*train, *test]) - size(train)) / told


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="of the preset"
    )
    parser.add_argument(
        "--validate", action="store_true", help="on a tenth of the training texts"
    )
    given = parser.parse_args()
    changes = dict(map(parse_override, given.set))
    spec = override(zoo.config("gpt2_tiny"), changes)
    recipe = spec["recipe"]
    steps = recipe["steps"]
    train, test = split(real_data.wiki_summaries())
    if given.validate:
        train, test = train[len(test) :], train[: len(test)]
    begin, clock = time.monotonic(), time.process_time()
    tokenizer = data.train_tokenizer(train, **spec["tokenizer"])
    keras.utils.set_random_seed(given.seed)
    task = zoo.load(spec, tokenizer=tokenizer)
    untrained = transfer.perplexity(task, test, train_texts=train)
    warmup = round(recipe["warmup"] * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, steps - warmup),
        warmup_target=recipe["learning_rate"],
        warmup_steps=warmup,
    )
    task.compile(zoo.build(recipe["optimizer"], learning_rate=schedule))
    history = task.fit(
        task.dataset(train, recipe["batch_size"], seed=given.seed),
        epochs=10,
        steps_per_epoch=steps // 10,
        verbose=2,
    )
    seconds, busy = time.monotonic() - begin, time.process_time() - clock
    trained = transfer.perplexity(task, test, train_texts=train)
    last = {name: round(values[-1], 4) for name, values in history.history.items()}
    print(
        f"{len(train)} texts, {steps} steps of {recipe['batch_size']}: "
        f"{seconds:.0f} s, {busy:.0f} s of one core"
    )
    print(f"last tenth: {last}")
    print(f"{len(test)} held-out texts: {trained.to_dict()}")
    print(f"random weights: {untrained.bits_per_byte:.3f} bits per byte")
    print(trained.to_markdown())
    print(f"lzma: {compressed(train, test):.3f} bits per byte")
    for prompt in ("The city of", "In physics,"):
        print(repr(task.generate(prompt, max_length=60, sampler="greedy")))


if __name__ == "__main__":
    main()
