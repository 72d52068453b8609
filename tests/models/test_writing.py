"""Text is written by the model's probabilities, whatever the batch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras_hub
import numpy as np
import pytest
import tasks
from keras import ops

from kerassl import testing
from kerassl.models.writing import BATCH, Sampling, Writer, check_distinct

SIZE = 12


@pytest.fixture(scope="module")
def backbone():
    import keras

    keras.utils.set_random_seed(3)
    made = keras_hub.models.GPT2Backbone(SIZE, 1, 2, 8, 16, max_sequence_length=8)
    # Apart from each other, so that no share is near another.
    made.token_embedding.embeddings.assign(16 * made.token_embedding.embeddings)
    return made


@pytest.fixture(scope="module")
def writer(backbone):
    return Writer(lambda: keras_hub.models.GPT2CausalLM(backbone, preprocessor=None))


def shares_after(backbone, row):
    """Returns the probabilities of the next token by the whole forward pass."""
    ids = np.array([row])
    states = backbone({"token_ids": ids, "padding_mask": np.ones_like(ids)})
    logits = backbone.token_embedding(states, reverse=True)[0, -1]
    return ops.convert_to_numpy(ops.softmax(logits)).astype("float64")


def next_tokens(writer, row, sampling, count, seed=0):
    ids = np.ones((count, len(row) + 1), "int32")
    ids[:, :-1] = row
    mask = np.ones_like(ids, bool)
    mask[:, -1] = False
    rows = {"token_ids": ids, "padding_mask": mask}
    return writer.write_all(rows, sampling, None, seed)["token_ids"][:, -1]


def test_tokens_come_as_often_as_they_are_probable(backbone, writer):
    row, count = [2, 5, 3], 4000
    shares = shares_after(backbone, row)
    found = next_tokens(writer, row, Sampling(), count)
    often = np.bincount(found, minlength=SIZE)
    deviation = (often - count * shares) / np.sqrt(count * shares * (1 - shares))
    assert np.sort(shares)[-4] > 0.05  # several are likely
    assert np.abs(deviation).max() < 4
    # Batches of the same rows draw on from each other.
    assert not np.array_equal(found[:BATCH], found[BATCH : 2 * BATCH])


def test_only_the_likeliest_are_drawn(backbone, writer):
    row = [2, 5, 3]
    shares = shares_after(backbone, row)
    order = np.argsort(-shares)
    three = next_tokens(writer, row, Sampling(top_k=3), 300)
    assert set(three) == set(order[:3])
    p = float(shares[order[:2]].sum()) + 1e-3  # two are not enough
    assert set(next_tokens(writer, row, Sampling(top_p=p), 300)) == set(order[:3])
    both = Sampling(top_k=2, top_p=p)
    assert set(next_tokens(writer, row, both, 300)) <= set(order[:2])
    greedy = next_tokens(writer, row, Sampling(temperature=0.0), 40)
    assert set(greedy) == {order[0]}


def test_a_temperature_sharpens(backbone, writer):
    row, count = [4, 1], 2000
    shares = shares_after(backbone, row)
    sharp = shares**2 / (shares**2).sum()  # temperature 1/2
    found = next_tokens(writer, row, Sampling(temperature=0.5), count)
    often = np.bincount(found, minlength=SIZE)
    spread = np.sqrt(count * sharp * (1 - sharp))
    assert np.all(np.abs(often - count * sharp) < 4 * spread + 1)
    assert abs(sharp.max() - shares.max()) > 0.05


def test_a_seed_decides(writer):
    first, again, other = (
        next_tokens(writer, [3, 3], Sampling(), 50, seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_same_way_to_choose_is_compiled_once(writer):
    next_tokens(writer, [3, 3], Sampling(top_k=2), 4)
    compiled = writer._task.generate_function
    next_tokens(writer, [3, 3], Sampling(top_k=2), 4, seed=9)
    assert writer._task.generate_function is compiled


def test_more_likeliest_tokens_than_there_are():
    assert Sampling(top_k=500).sampler(SIZE).k == SIZE


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": -0.1}, "`temperature` must be 0 or more"),
        ({"temperature": float("nan")}, "`temperature`"),
        ({"temperature": "hot"}, "`temperature` must be a number"),
        ({"top_k": 0}, "`top_k` must be an integer >= 1"),
        ({"top_k": 2.0}, "`top_k`"),
        ({"top_p": 0}, r"`top_p` must be in \(0, 1\]"),
        ({"top_p": 1.01}, r"`top_p` must be in \(0, 1\]"),
    ],
)
def test_numbers_out_of_range(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Sampling(**arguments)


def test_several_texts_that_could_only_be_the_same():
    check_distinct(1, Sampling(temperature=0))
    with pytest.raises(ValueError, match="`count` must be 1 with a `temperature` of 0"):
        check_distinct(2, Sampling(temperature=0))
    with pytest.raises(ValueError, match="`count` must be a positive integer"):
        check_distinct(0, Sampling())


ASKED = {
    "CausalLM": ("the cat", {"length": 5, "temperature": 0.0}),
    "DenoisingSeq2Seq": ("the cat [MASK] the", {"temperature": 0.0}),
    "MaskedLM": ("the cat [MASK]", {}),
}
ON_JAX = """
import json
from kerassl import testing
testing.draw_without_compiling()
from test_writing import answers, drawn
print(json.dumps([answers(), drawn() == drawn()]))
"""


def fixed_task(name):
    return testing.fix_weights(tasks.every()[name]()[0]())


def answers():
    """Returns what tasks of fixed weights find likeliest."""
    return {
        name: fixed_task(name).sample([prompt], **options)
        for name, (prompt, options) in ASKED.items()
    }


def drawn():
    return fixed_task("CausalLM").sample(["the cat"], count=3, length=5)


def test_jax_writes_the_same():
    folders = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {folders}" + ON_JAX],
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "JAX_PLATFORMS": "cpu",
        },
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stderr[-3000:]
    on_jax, same_seed_same_texts = json.loads(done.stdout.splitlines()[-1])
    assert same_seed_same_texts
    on_tensorflow = answers()
    for row, other in zip(
        on_jax.pop("MaskedLM"), on_tensorflow.pop("MaskedLM"), strict=True
    ):
        assert row["word"] == other["word"]
        assert row["probability"] == pytest.approx(other["probability"], rel=1e-4)
    assert on_jax == on_tensorflow
