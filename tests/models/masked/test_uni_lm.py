import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerassl import encoders
from kerassl.models.masked.uni_lm import UniLM
from kerassl.ops.attention_masks import (
    BIDIRECTIONAL,
    LEFT_RIGHT,
    PREFIX,
    RIGHT_LEFT,
)
from kerassl.pretext import MaskedTokens
from kerassl.tokenizers import train_tokenizer

LENGTH, SIZE, ROWS = 12, 30, 4
TEXTS = ["one two three four five six", "six five four three two one"] * 12
PROMPTS = ["one two three", "six five four"]
ONLY = {kind: [float(i == kind) for i in range(4)] for kind in range(4)}
# Where the token is hidden that is asked for, and how long the prefix is.
HIDDEN, START = 6, 4


def bert(layers=2, segments=6, **sizes):
    keras.utils.set_random_seed(0)
    sizes = {"hidden_dim": 16, "intermediate_dim": 32, **sizes}
    return encoders.bert(
        SIZE,
        num_layers=layers,
        num_heads=2,
        dropout=0.0,
        max_sequence_length=LENGTH,
        num_segments=segments,
        **sizes,
    )


def batch(rows=ROWS, seed=0):
    tokens = np.random.default_rng(seed).integers(5, SIZE, (rows, LENGTH))
    x = {
        "token_ids": tokens,
        "padding_mask": np.ones((rows, LENGTH)),
        "mask_positions": np.full((rows, 1), HIDDEN),
        "seed": np.arange(2 * rows).reshape(rows, 2),
    }
    return {name: ops.convert_to_tensor(v.astype("int32")) for name, v in x.items()}


def logits(task, x, kind, prefix=START):
    rows = x["token_ids"].shape[0]
    kinds, prefixes = (ops.full((rows,), v, "int32") for v in (kind, prefix))
    return ops.convert_to_numpy(task.logits_under(x, kinds, prefixes))


@pytest.mark.parametrize(
    "kind, hidden, visible",
    [
        (BIDIRECTIONAL, [], [*range(LENGTH)]),
        (LEFT_RIGHT, range(HIDDEN + 1, LENGTH), range(HIDDEN)),
        (RIGHT_LEFT, range(HIDDEN), range(HIDDEN + 1, LENGTH)),
        (PREFIX, range(HIDDEN + 1, LENGTH), range(HIDDEN)),
    ],
)
def test_no_mask_leaks(kind, hidden, visible):
    task, x = UniLM(bert()), batch()
    expected = logits(task, x, kind)
    for places, same in ((hidden, True), (visible, False)):
        for place in places:
            tokens = ops.convert_to_numpy(x["token_ids"]).copy()
            tokens[:, place] = 5 + (tokens[:, place] - 4) % (SIZE - 5)
            changed = {**x, "token_ids": ops.convert_to_tensor(tokens)}
            received = logits(task, changed, kind)
            assert (abs(received - expected).max() == 0) == same, place


def test_a_prefix_sees_nothing_of_its_completion():
    task, x = UniLM(bert()), batch()
    x["mask_positions"] = ops.full((ROWS, 1), START - 1, "int32")
    expected = logits(task, x, PREFIX)
    tokens = ops.convert_to_numpy(x["token_ids"]).copy()
    tokens[:, START:] = 7
    changed = {**x, "token_ids": ops.convert_to_tensor(tokens)}
    np.testing.assert_array_equal(logits(task, changed, PREFIX), expected)
    tokens[:, 1] = 8  # but all of the prefix, which a mask from the left hides
    changed["token_ids"] = ops.convert_to_tensor(tokens)
    assert (logits(task, changed, PREFIX) != expected).any()


def test_padding_is_seen_under_no_mask():
    task, x = UniLM(bert()), batch()
    padding = np.ones((ROWS, LENGTH), "int32")
    padding[:, 9:] = 0
    x["padding_mask"] = ops.convert_to_tensor(padding)
    tokens = ops.convert_to_numpy(x["token_ids"]).copy()
    tokens[:, 9:] = 5
    changed = {**x, "token_ids": ops.convert_to_tensor(tokens)}
    for kind, prefix in ((BIDIRECTIONAL, 0), (RIGHT_LEFT, 0), (PREFIX, 11)):
        a, b = (logits(task, each, kind, prefix) for each in (x, changed))
        np.testing.assert_array_equal(a, b)


def test_the_shares_of_the_masks_and_where_prefixes_end():
    x = batch(rows=3000)
    padding = np.ones((3000, LENGTH), "int32")
    padding[::2, 6:] = 0
    x["padding_mask"] = ops.convert_to_tensor(padding)
    kinds, prefixes = map(ops.convert_to_numpy, UniLM(bert(1)).masks(x))
    shares = np.bincount(kinds, minlength=4) / 3000
    np.testing.assert_allclose(shares, [1 / 3, 1 / 6, 1 / 6, 1 / 3], atol=0.03)
    # From the start and a token on, with a token and the end left.
    assert set(prefixes[::2]) == {2, 3, 4} and set(prefixes[1::2]) == {*range(2, 11)}
    for kind in range(4):
        found, _ = UniLM(bert(1), shares=ONLY[kind]).masks(x)
        assert (ops.convert_to_numpy(found) == kind).all()


def test_each_mask_has_segments_of_its_own():
    task, x = UniLM(bert()), batch()
    found = [logits(task, x, kind, LENGTH) for kind in range(4)]
    # With a prefix as long as the text the mask is that of both ways.
    assert abs(found[BIDIRECTIONAL] - found[PREFIX]).max() > 1e-4
    table = task.encoder.get_layer("segment_embedding").embeddings
    table.assign(ops.zeros_like(table))
    found = [logits(task, x, kind, LENGTH) for kind in range(4)]
    np.testing.assert_allclose(found[BIDIRECTIONAL], found[PREFIX], atol=1e-6)


@pytest.mark.parametrize("completion_only", [False, True])
def test_the_loss_equals_numpy(completion_only):
    task = UniLM(bert(), shares=ONLY[PREFIX], completion_only=completion_only)
    x, random = batch(), np.random.default_rng(1)
    positions = np.sort(
        random.permuted(np.tile(range(1, 11), (ROWS, 1)), axis=1)[:, :5]
    )
    x["mask_positions"] = ops.convert_to_tensor(positions.astype("int32"))
    y = random.integers(5, SIZE, (ROWS, 5))
    weight = np.ones((ROWS, 5), "float32")
    weight[0, 3:] = 0
    task.compile("sgd")
    ready = tf.data.Dataset.from_tensors((x, y, weight))
    logs = task.evaluate(ready, verbose=0, return_dict=True)
    outputs = task(x)
    scores = ops.convert_to_numpy(outputs["logits"]).astype("float64")
    scores -= np.log(np.exp(scores).sum(-1, keepdims=True))
    nats = -np.take_along_axis(scores, y[..., None], -1)[..., 0]
    _, prefixes = map(ops.convert_to_numpy, task.masks(x))
    counted = weight * (positions >= prefixes[:, None] if completion_only else 1.0)
    assert 0 < counted.sum() < 20 and (counted.sum() == 18) != completion_only
    assert logs["loss"] == pytest.approx((nats * counted).sum() / counted.sum(), 1e-5)


@pytest.fixture(scope="module")
def trained():
    tokenizer = train_tokenizer(TEXTS, "word", SIZE, min_count=1)
    masked = MaskedTokens(tokenizer, LENGTH, mask_rate=0.3)
    task = UniLM(bert(1, hidden_dim=32), masked)
    task.compile(keras.optimizers.Adam(0.01))
    data = task.dataset(TEXTS, batch_size=24)
    before = task.evaluate(data, verbose=0, return_dict=True)["loss"]
    for _ in range(6):
        task.fit(data, epochs=1, steps_per_epoch=100, verbose=0)
        if task.write_on(PROMPTS, 2, temperature=0) == ["four five", "three two"]:
            break
    return task, before, task.evaluate(data, verbose=0, return_dict=True)["loss"]


def test_it_begins_at_chance_and_learns(trained):
    _, before, after = trained
    assert before == pytest.approx(np.log(SIZE), rel=0.1)
    # Six words in two orders: ln 6 for one that knows the words alone.
    assert after < 0.9 < np.log(6)


def test_it_writes_on_under_the_mask_of_a_completion(trained, monkeypatch):
    task, _, _ = trained
    assert task.write_on(PROMPTS, 2, temperature=0) == ["four five", "three two"]
    drawn = [task.write_on(["one two"], 4, seed=seed) for seed in (0, 0, 1, 2, 3)]
    assert drawn[0] == drawn[1] and len({text for (text,) in drawn}) > 1
    seen, under = [], task.logits_under

    def watched(x, kinds, prefixes, training=False):
        # The prompt and its start are the prefix, and what is asked for comes after.
        asked = x["mask_positions"][0, 0]
        seen.append([int(v) for v in (kinds[0], prefixes[0], asked)])
        return under(x, kinds, prefixes, training)

    monkeypatch.setattr(task, "logits_under", watched)
    task.write_on(["one two three"], 2)
    assert seen == [[PREFIX, 4, 4], [PREFIX, 4, 5]]


def test_what_cannot_be_written_on(trained):
    task, _, _ = trained
    for wrong, words in (({"length": 0}, "length"), ({"temperature": -1}, "temper")):
        with pytest.raises(ValueError, match=f"`{words}"):
            task.write_on(["one"], **wrong)
    with pytest.raises(ValueError, match="`prompt` must have at most 1 tokens"):
        task.write_on(["one two three"], 10)


@pytest.mark.parametrize(
    "shares", [[1, 1, 1], [0, 0, 0, 0], [1, 1, 1, -1], "abcd", None]
)
def test_wrong_shares(shares):
    with pytest.raises(ValueError, match="`shares`"):
        UniLM(bert(1), shares=shares)


def test_other_encoders_are_refused():
    for encoder, words in (
        (bert(1, segments=2), "must have 6 segments"),
        (encoders.dense((4,), [3]), "is run in parts"),
        (keras_hub.models.GPT2Backbone(9, 1, 2, 8, 16), "must be a text backbone"),
    ):
        with pytest.raises(ValueError, match=f"`encoder` {words}"):
            UniLM(encoder)
    with pytest.raises(TypeError, match="`completion_only`"):
        UniLM(bert(1), completion_only="yes")
