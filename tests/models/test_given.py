"""What people give to `fit` at once, in every task: raw, batched, ready, paired."""

import functools
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tasks
import tensorflow as tf
from tasks.parts.images import images, small_resnet, views

from kerassl import distribute, encoders, models, pretext
from kerassl.data import as_source
from kerassl.errors import UserError

BATCH = 6
# Without those that read classes, which none of these data have.
NAMES = sorted(
    name for name, m in tasks.one_of_each_kind().items() if "label" not in m.MODEL.reads
)
VIEWED = [name for name in NAMES if tasks.methods()[name].MODEL.views]
BYTES = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1)).astype(np.uint8)
BYTES[0, 0, :2, 0] = 0, 255


@functools.cache
def task_of(name):
    """Returns (task, raw examples in memory) of a method."""
    make, examples, _ = tasks.every()[name]()
    if not isinstance(examples, (list, np.ndarray, dict)):
        source = as_source(examples)
        made = source.fetch(np.arange(len(source)))
        examples = keras.tree.map_structure(lambda part: part.numpy(), made)
    task = make()
    task.compile(
        {p: "sgd" for p in task.players()} if len(task.players()) > 1 else "sgd"
    )
    return task, examples


@pytest.fixture
def given(monkeypatch):
    """Returns a function: what `fit` hands on to Keras for its arguments."""
    found = {}

    @functools.wraps(keras.Model.fit)
    def fit(self, **kwargs):
        found.update(kwargs)

    monkeypatch.setattr(distribute.Trainer, "fit", fit, raising=False)

    def call(task, *args, **kwargs):
        found.clear()
        task.fit(*args, **kwargs)
        return dict(found)

    return call


def batches(dataset, count=2):
    return list(dataset.take(count).as_numpy_iterator())


def assert_same(found, expected):
    pairs = zip(*map(keras.tree.flatten, (found, expected)), strict=True)
    for a, b in pairs:
        np.testing.assert_array_equal(a, b)


def slices(examples):
    return tf.data.Dataset.from_tensor_slices(examples)


def labelled(dataset):
    return tf.data.Dataset.zip(dataset, tf.data.Dataset.range(10**6))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("without_data_graphs")
def test_raw_arrays_are_drawn_as_the_dataset_of_the_task(name, given):
    task, examples = task_of(name)
    found = given(task, examples, batch_size=BATCH, seed=3)
    expected = task.dataset(examples, BATCH, seed=3)
    assert found["steps_per_epoch"] == expected.steps_per_epoch
    assert_same(batches(found["x"]), batches(expected))
    with pytest.raises(UserError, match="`y` must be None: .* reads no labels"):
        task.fit(examples, np.arange(len(keras.tree.flatten(examples)[0])))


@pytest.mark.parametrize("name", NAMES)
def test_single_and_batched_examples_of_a_dataset_are_told_apart(name, given):
    told_apart(name, False, given)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("without_data_graphs")
def test_so_are_those_with_labels(name, given):
    told_apart(name, True, given)


def told_apart(name, with_labels, given):
    task, examples = task_of(name)
    single = slices(examples)
    batched = single.batch(BATCH)
    if with_labels:
        single, batched = labelled(single), labelled(slices(examples)).batch(BATCH)
    if "id" in task.reads:
        for dataset in (single, batched):
            with pytest.raises(UserError, match="an id that stays the same"):
                task.fit(dataset)
        return
    if getattr(tasks.methods()[name], "NEEDS_RANDOM_ACCESS", False):
        with pytest.raises(UserError, match="must be readable at any position"):
            task.fit(single, batch_size=BATCH)
        assert given(task, batched)["steps_per_epoch"] == int(batched.cardinality())
        return
    expected = batches(task.dataset(slices(examples), BATCH))
    found = given(task, single, batch_size=BATCH)
    assert_same(batches(found["x"]), expected)
    found = given(task, batched)
    assert found["steps_per_epoch"] == int(batched.cardinality())
    if getattr(task.dataset(examples, BATCH).source, "tokenizer", None) is None:
        assert_same(batches(found["x"]), expected)  # documents are packed otherwise


@pytest.mark.parametrize("name", NAMES)
def test_ready_batches_are_not_prepared_again(name, given):
    task, examples = task_of(name)
    ready = batches(task.dataset(examples, BATCH), 1)[0]
    dataset = tf.data.Dataset.from_tensors(ready)
    if "id" in task.reads:
        with pytest.raises(UserError, match="must be a dataset that `task.dataset"):
            task.fit(dataset)
        return
    assert given(task, dataset)["x"] is dataset
    x, *rest = ready
    targets = dict(zip(("y", "sample_weight"), rest, strict=False))
    if type(task).own_callbacks is not models.PretextModel.own_callbacks:
        with pytest.raises(UserError, match="since their .* are counted"):
            task.fit(x, **targets)
    elif isinstance(x, dict) or rest:
        assert given(task, x, **targets)["x"] is x


@pytest.mark.parametrize("name", VIEWED)
@pytest.mark.parametrize("with_layer", [True, False], ids=["layer", "none"])
def test_pairs_of_views_are_taken_as_they_are(name, with_layer, given):
    task, _ = task_of(name)
    first = (BYTES / 255).astype(np.float32)
    pair = first, first[::-1].copy()
    layer, task.pretext = task.pretext, task.pretext if with_layer else None
    try:
        found = given(task, pair, batch_size=BATCH, seed=1)
        assert_shuffled_pair(batches(found["x"])[0][0], pair)
        elements = slices(pair)
        for dataset in (elements, elements.batch(BATCH)):
            found = given(task, dataset, batch_size=BATCH)
            (x,) = batches(found["x"], 1)[0]
            assert_same([x["view1"], x["view2"]], [part[:BATCH] for part in pair])
    finally:
        task.pretext = layer


def assert_shuffled_pair(x, pair):
    rows = {row.tobytes(): i for i, row in enumerate(pair[0])}
    order = [rows[row.tobytes()] for row in x["view1"]]
    assert order != list(range(len(order)))
    np.testing.assert_array_equal(x["view2"], pair[1][order])


def simclr(layer="views"):
    layer = views() if layer == "views" else layer
    task = models.SimCLR(small_resnet("float32"), layer, projection_dim=4)
    task.compile("sgd", run_eagerly=True, jit_compile=False)
    return task


def autoencoder():
    encoder = encoders.dense((8, 8, 1), hidden_dims=(4,))
    task = models.Autoencoder(encoder, pretext=pretext.Reconstruct())
    task.compile("sgd", run_eagerly=True, jit_compile=False)
    return task


def test_bytes_of_a_pair_are_scaled_by_the_layer_or_refused():
    (x,) = batches(simclr().dataset((BYTES, BYTES), 20), 1)[0]
    assert x["view1"].max() == x["view2"].max() == 1.0
    with pytest.raises(UserError, match="Views must be floats as the encoder"):
        simclr(None).fit((BYTES, BYTES))


WRONG = {
    "floats to 255": (lambda: BYTES.astype("float32"), "divide them by 255"),
    "no channel": (lambda: BYTES[..., 0], "height, width, channels"),
    "with labels": (lambda: (BYTES, np.arange(20)), "not a tuple of 2: leave labels"),
    "three views": (lambda: (BYTES, BYTES, BYTES), "not a tuple of 3"),
    "views of two shapes": (lambda: (BYTES, BYTES[:, :4]), "Views must have one shape"),
    "a dict of tfds": (
        lambda: slices({"image": BYTES, "label": np.arange(20)}).batch(5),
        r"Not raw: .*\['image', 'label'\]",
    ),
    "batched floats to 255": (
        lambda: slices(BYTES.astype("float32")).batch(5),
        "divide them by 255",
    ),
    "ready but not scaled": (
        lambda: slices(({"view1": BYTES * 1.0, "view2": BYTES * 1.0},)).batch(5),
        r"must hold images in \[0, 1\].*to 255",
    ),
    "no examples": (lambda: slices(BYTES).take(0), "at least one example"),
    "texts": (lambda: ["a", "b"], "images"),
    "three in a row": (lambda: slices((BYTES,) * 3).batch(5), "drop one"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_not_clear_is_one_line(what):
    make, message = WRONG[what]
    with pytest.raises(UserError, match=message) as raised:
        simclr().fit(make(), verbose=0)
    assert "\n" not in str(raised.value)


def test_without_a_layer_raw_examples_are_refused():
    for x in (BYTES / 255, ["a"], slices(BYTES / 255).batch(4)):
        with pytest.raises(UserError, match="no pretext layer") as raised:
            simclr(None).fit(x)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("split", [1.0, 0.99, "half", 2])
def test_a_split_leaves_something_on_both_sides(split):
    with pytest.raises(UserError, match="`validation_split` must"):
        simclr().fit(BYTES, validation_split=split)
    with pytest.raises(UserError, match="`validation_split` is for arrays"):
        simclr().fit(slices(BYTES), validation_split=0.5)


def test_a_split_is_the_last_part_as_in_keras(given):
    found = given(autoencoder(), BYTES, batch_size=4, validation_split=0.25)
    whole, rest = found["validation_data"].in_order()
    seen = [x for part in (whole, rest) if part for x, _ in part.as_numpy_iterator()]
    np.testing.assert_allclose(np.concatenate(seen), BYTES[15:] / 255, rtol=1e-6)
    assert found["steps_per_epoch"] == 3 and "validation_split" not in found


def test_validation_is_exact_and_the_same_each_time():
    task = autoencoder()
    history = task.fit(
        BYTES, batch_size=4, epochs=1, validation_data=BYTES[:7], verbose=0
    ).history
    whole = task.evaluate(BYTES[:7], batch_size=7, verbose=0, return_dict=True)
    np.testing.assert_allclose(history["val_loss"], whole["loss"], rtol=1e-5)
    again = task.evaluate(BYTES[:7], batch_size=3, verbose=0, return_dict=True)
    np.testing.assert_allclose(again["loss"], whole["loss"], rtol=1e-5)


def test_a_second_call_goes_on_where_the_first_stopped():
    def weights(*epochs):
        keras.utils.set_random_seed(0)
        task = autoencoder()
        for count in epochs:
            task.fit(BYTES, batch_size=4, epochs=count, seed=5, verbose=0)
        return [w.numpy() for w in task.weights]

    assert_same(weights(1, 1), weights(2))


def test_order_is_by_seed(given):
    def first(**options):
        return batches(given(simclr(), BYTES, batch_size=4, **options)["x"], 1)

    assert_same(first(seed=1), first(seed=1))
    with pytest.raises(AssertionError):
        assert_same(first(seed=1), first(seed=2))
    with pytest.raises(UserError, match="`shuffle` must be True for raw"):
        first(shuffle=False)
    with pytest.raises(UserError, match="`seed` must be an integer"):
        first(seed="one")


def test_few_examples_make_one_batch_unless_another_is_asked_for(given):
    assert given(simclr(), BYTES)["steps_per_epoch"] == 1
    with pytest.raises(UserError, match="`batch_size` is 64, but there are only 20"):
        given(simclr(), BYTES, batch_size=64)


def test_predictions_are_row_by_row():
    task = autoencoder()
    ready = (BYTES / 255).astype(np.float32)
    expected = task.predict(ready, verbose=0)
    for x in (BYTES, slices(BYTES), slices(BYTES).batch(6), slices(ready).batch(6)):
        found = task.predict(x, batch_size=6, verbose=0)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_predictions_of_values_out_of_range_are_refused():
    for x in (BYTES * 1.0, slices(BYTES * 1.0), slices(BYTES * 1.0).batch(4)):
        with pytest.raises(UserError, match="divide them by 255"):
            autoencoder().predict(x, verbose=0)


def test_batches_come_again_with_other_views(given):
    dataset = given(simclr(), slices(images()[:8]).batch(4))["x"]
    first, _, second = batches(dataset, 3)
    with pytest.raises(AssertionError):
        assert_same(first, second)


def test_a_batch_of_one_is_left_out_of_a_contrast(given):
    dataset = given(simclr(), slices(images()[:9]).batch(4))["x"]
    sizes = [len(x["view1"]) for (x,) in batches(dataset, 4)]
    assert sizes == [4, 4, 4, 4]


class Batches(keras.utils.PyDataset):
    """One batch, as Keras's own loaders give it."""

    def __init__(self, batch):
        super().__init__()
        self.batch = batch

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.batch


def test_loaders_of_keras_give_ready_batches():
    ready = (BYTES[:4] / 255).astype(np.float32)
    autoencoder().fit(Batches((ready, ready)), verbose=0)
    with pytest.raises(UserError, match="Received raw examples: give them as an array"):
        autoencoder().fit(Batches((BYTES[:4],)), verbose=0)
    views = {"view1": BYTES[:4] * 1.0, "view2": BYTES[:4] * 1.0}
    with pytest.raises(UserError, match=r"must hold images in \[0, 1\]"):
        simclr().fit(Batches((views,)), verbose=0)


def test_the_guide_runs():
    guide = Path(__file__).parents[2] / "docs" / "guides" / "plain_keras.md"
    code = re.findall(r"^```python\n(.*?)^```", guide.read_text("utf-8"), re.M | re.S)
    assert len(code) == 3
    names = {}
    for part in code:
        exec(compile(part, str(guide), "exec"), names)
    assert names["vectors"].shape == (64, 8)
    assert names["encoder"].input_shape == (None, 32, 32, 3)
