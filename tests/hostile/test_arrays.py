"""Arrays, lists and streams of all ranges, types and shapes, given to image tasks."""

import io

import numpy as np
import pytest
import tensorflow as tf
from hostile_inputs import Odd, check, file, in_time, refused

import kerassl
from kerassl import encoders, models, pretext
from kerassl.data import as_source

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (12, 8, 8, 1)).astype(np.uint8)
BYTES[0, 0, 0], BYTES[0, 0, 1] = 0, 255
UNIT = (BYTES / 255).astype(np.float32)


def autoencoder(**options):
    encoder = encoders.dense((8, 8, 1), hidden_dims=(4,))
    return models.Autoencoder(encoder, pretext=pretext.Reconstruct(), **options)


def simclr():
    views = pretext.TwoViews(8, blur_rate=0.0, jit_compile=False)
    encoder = encoders.resnet((8, 8, 1), depths=(1,), widths=(4,))
    return models.SimCLR(encoder, views, projection_dim=4)


def deep_cluster():
    view = pretext.RandomView(8, jit_compile=False)
    encoder = encoders.resnet((8, 8, 1), depths=(1,), widths=(4,))
    return models.DeepCluster(encoder, view, num_examples=12, num_clusters=2)


def gan():
    return models.GAN(
        encoders.dcgan_discriminator((8, 8, 1), (4, 8), 4),
        pretext.ImagesAndNoise(noise_dim=6),
        generator=encoders.dcgan_generator((8, 8, 1), 6, (8, 4), 4),
    )


MAKERS = {
    "Autoencoder": autoencoder,
    "SimCLR": simclr,
    "DeepCluster": deep_cluster,
    "GAN": gan,
}
TASKS = list(MAKERS)


@pytest.fixture(scope="module")
def tasks():
    return {name: make() for name, make in MAKERS.items()}


# ------------------------------------------------------------ values of images

NAN, INFINITE = UNIT.copy(), UNIT.copy()
NAN[-1, 7, 7] = np.nan
INFINITE[5, 3, 3] = np.inf
WRONG_VALUES = {
    "floats to 255": (UNIT * 255, "divide them by 255"),
    "doubles to 255": (UNIT.astype(np.float64) * 255, "divide them by 255"),
    "floats from -1": (UNIT * 2 - 1, r"\(x \+ 1\) / 2"),
    "standardised": ((UNIT - UNIT.mean()) / UNIT.std(), r"\(x - least\)"),
    "floats to 16": (UNIT * 16, "divide them by 16"),
    "integers to 16": ((UNIT * 16).astype(np.int64), "divide them by 16"),
    "integers to 65535": (BYTES.astype(np.int32) * 257, "divide them by 65535"),
    "integers below 0": (BYTES.astype(np.int16) - 128, r"in \[0, 255\]"),
    "0 and 1 as integers": ((BYTES > 99).astype(np.int64), "must become floats"),
    "signed bytes": (BYTES.astype(np.int8), r"in \[0, 255\]"),
    "NaN in the last": (NAN, "finite|NaN"),
    "infinity": (INFINITE, "finite|NaN"),
    "a number beyond float32": (np.full(UNIT.shape, 1e300), "finite"),
    "one float above": (
        np.where(np.arange(12)[:, None, None, None] == 11, 1.5, UNIT),
        "from 0 to 1.5",
    ),
    "complex": (UNIT.astype(np.complex64), "real numbers"),
    "dates": (BYTES.astype("datetime64[s]"), "real numbers"),
    "texts": (["a"] * 12, "must be images|`images`"),
    "objects": (np.full((12, 8, 8, 1), None), "numbers or strings"),
    "masked": (np.ma.masked_array(UNIT, UNIT > 0.5), "masked"),
    "no channel": (UNIT[..., 0], "height, width, channels"),
    "two channels": (np.repeat(UNIT, 2, -1), "1 or 3 channels|takes examples of shape"),
    "channels first": (
        np.repeat(UNIT, 3, -1).transpose(0, 3, 1, 2),
        "1 or 3 channels|takes examples of shape",
    ),
    "five axes": (UNIT[None], "height, width, channels"),
    "vectors": (UNIT.reshape(12, 64), "height, width, channels"),
    "no pixels": (UNIT[:, :0], "hold something|shape"),
    "no examples": (UNIT[:0], "at least one example"),
    "a dict": ({"image": UNIT}, "give one of these"),
    "a tuple": ((UNIT, np.zeros(12)), "must not be a tuple"),
    "ragged": ([UNIT[0], UNIT[0, :5]], "ragged"),
    "a number": (5, "Examples must be"),
    "None": (None, "Examples must be"),
    "fewer than a batch": (UNIT[:3], "`batch_size` is 4"),
    "a path that is not there": ("nowhere/*.png", "No file or folder matches"),
}


@pytest.mark.parametrize("name", ["SimCLR", "DeepCluster", "GAN"])
@pytest.mark.parametrize("what", WRONG_VALUES)
def test_no_images(what, name, tasks):
    examples, message = WRONG_VALUES[what]
    refused(message, lambda: tasks[name].dataset(examples, batch_size=4))


IN_STREAMS = [
    "floats to 255",
    "floats from -1",
    "integers to 16",
    "integers below 0",
    "NaN in the last",
    "two channels",
    "vectors",
    "ragged",
]


def stream(examples):
    if isinstance(examples, list):
        return tf.data.Dataset.from_generator(
            lambda: iter(examples), output_signature=tf.TensorSpec((None, 8, 1))
        )
    return tf.data.Dataset.from_tensor_slices(examples)


@pytest.mark.parametrize("name", ["SimCLR", "GAN"])
@pytest.mark.parametrize("what", IN_STREAMS)
def test_no_images_in_a_stream(what, name, tasks):
    """Of a stream the first few are looked at; the others when they come."""
    examples = WRONG_VALUES[what][0]
    with in_time(), pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        for _ in tasks[name].dataset(stream(examples), batch_size=2).take(6):
            pass


RIGHT_VALUES = {
    "bytes": (BYTES, UNIT),
    "floats": (UNIT, UNIT),
    "doubles": (UNIT.astype(np.float64), UNIT),
    "half precision": (UNIT.astype(np.float16), UNIT),
    "16 bits": (BYTES.astype(np.uint16) * 257, UNIT),
    "long integers": (BYTES.astype(np.int64), UNIT),
    "unsigned integers": (BYTES.astype(np.uint32), UNIT),
    "truth values": (BYTES > 99, (BYTES > 99).astype(np.float32)),
    "big-endian": (UNIT.astype(">f4"), UNIT),
    "Fortran's order": (np.asfortranarray(UNIT), UNIT),
    "a list of arrays": (list(UNIT), UNIT),
    "lists": (UNIT.tolist(), UNIT),
    "read-only": (
        np.broadcast_to(UNIT[:1], UNIT.shape),
        np.broadcast_to(UNIT[:1], UNIT.shape),
    ),
    "all black": (np.zeros_like(BYTES), np.zeros_like(UNIT)),
    "a tensor": (tf.constant(UNIT), UNIT),
    "a source": (as_source(BYTES), UNIT),
}


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("what", RIGHT_VALUES)
def test_images_of_all_types(what, name, tasks):
    examples, values = RIGHT_VALUES[what]
    with in_time():
        dataset = tasks[name].dataset(examples, batch_size=4)
        found = tasks[name].pretext.prepare(dataset.source.fetch(np.arange(12)))
    found = np.asarray(found).astype(np.float64)
    if what == "bytes" and found.max() > 2:
        found = found / 255
    if name == "GAN":
        values = values * 2 - 1 if found.min() < 0 else values
    np.testing.assert_allclose(found, values, atol=2e-3)


# ------------------------------------------------------------------ the vectors

VECTORS = RNG.normal(size=(12, 8)).astype(np.float32)
NO_VECTORS = [
    ("standardised", VECTORS, "mean_squared_error"),
    ("to 255", np.abs(VECTORS) * 255, r"\[0, 1\]"),
    (
        "one below 0",
        np.where(np.arange(8) == 7, -0.1, np.abs(VECTORS) / 9),
        r"\[0, 1\]",
    ),
    ("integers", RNG.integers(2, 9, (12, 8)), "divide them by"),
    ("one of NaN", np.where(np.arange(8) == 7, np.nan, VECTORS), "finite"),
    ("of another length", np.abs(VECTORS[:, :5]) / 9, r"\(8,\)|shape"),
    ("of numbers", np.abs(VECTORS[:, 0]) / 9, r"\(8,\)|shape"),
]


@pytest.mark.parametrize(("name", "examples", "message"), NO_VECTORS)
def test_targets_of_a_binary_cross_entropy(name, examples, message):
    encoder = encoders.dense((8,), hidden_dims=(4,))
    task = models.Autoencoder(encoder, pretext=pretext.Reconstruct())
    refused(message, lambda: task.dataset(examples, batch_size=4))


# ------------------------------------------------------------------ the batches


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize(
    "size", [0, -1, 13, 2.0, "4", None, True, float("nan"), [4], 10**12], ids=str
)
def test_no_size_of_a_batch(size, name, tasks):
    refused("`batch_size`", lambda: tasks[name].dataset(BYTES, batch_size=size))


@pytest.mark.parametrize("name", ["SimCLR"])
def test_one_example_has_no_negatives(name, tasks):
    refused("`batch_size`", lambda: tasks[name].dataset(BYTES, batch_size=1))


@pytest.mark.parametrize("start", [-1, 1.5, "0", None, 10**20], ids=str)
def test_no_start(start, tasks):
    call = tasks["SimCLR"].dataset
    refused("`start`", lambda: call(BYTES, batch_size=4, start=start))


@pytest.mark.parametrize("seed", [1.5, "0", None, [1], float("nan"), 2**70], ids=str)
def test_no_seed(seed, tasks):
    call = tasks["SimCLR"].dataset
    refused("`seed`", lambda: call(BYTES, batch_size=4, seed=seed))


@pytest.mark.parametrize("count", [5, 7, 12])
def test_no_example_twice_in_a_batch(count):
    task = autoencoder()
    examples = UNIT[:count] * 0 + np.arange(count)[:, None, None, None] / 20
    with in_time():
        for batch in task.dataset(examples.astype("float32"), 4).take(9):
            assert len(np.unique(np.asarray(batch[0])[:, 0, 0, 0])) == 4


# ------------------------------------------------------------------ the streams

ONE = tf.data.Dataset.from_tensor_slices(UNIT)
STREAMS = {
    "none": (tf.data.Dataset.from_tensor_slices(UNIT[:0]), "at least one"),
    "filtered to none": (ONE.filter(lambda x: False), "must fill a batch"),
    "batched": (ONE.batch(3), "unbatch|must have the shape"),
    "fewer than a batch": (ONE.take(3), "`batch_size` is 4"),
    "a dict": (tf.data.Dataset.from_tensor_slices({"x": UNIT}), "give one of these"),
    "ragged": (
        tf.data.Dataset.from_generator(
            lambda: iter([UNIT[0], UNIT[0, :5]] * 6),
            output_signature=tf.TensorSpec((None, 8, 1), tf.float32),
        ),
        "cannot be read: Cannot batch",
    ),
    "a generator that breaks": (
        tf.data.Dataset.from_generator(
            lambda: iter([1 / 0]), output_signature=tf.TensorSpec((8, 8, 1), tf.float32)
        ),
        "cannot be read: ZeroDivisionError: division by zero",
    ),
}


@pytest.mark.parametrize("what", STREAMS)
def test_no_stream(what, tasks):
    dataset, message = STREAMS[what]
    refused(message, lambda: tasks["SimCLR"].dataset(dataset, batch_size=4))


@pytest.mark.parametrize(
    ("dataset", "steps"),
    [
        (ONE, 3),
        (tf.data.Dataset.zip(ONE, tf.data.Dataset.range(12)), 3),
        (ONE.filter(lambda x: True), None),
        (ONE.repeat(), None),
    ],
    ids=["known", "with labels", "of unknown length", "endless"],
)
def test_streams(dataset, steps, tasks):
    batches = tasks["SimCLR"].dataset(dataset, batch_size=4)
    assert batches.steps_per_epoch == steps
    assert len(list(batches.take(7))) == 7


@pytest.mark.parametrize(
    "dataset", [ONE.filter(lambda x: True), ONE.repeat()], ids=["unknown", "endless"]
)
def test_a_length_that_is_not_known(dataset, tmp_path, tasks):
    task = simclr()
    task.compile("sgd")
    refused(
        "assert_cardinality|`steps_per_epoch`",
        lambda: task.fit(task.dataset(dataset, batch_size=4)),
    )
    refused(
        "assert_cardinality",
        lambda: kerassl.pretrain(simclr(), dataset, out=tmp_path / "run", steps=1),
    )
    assert not (tmp_path / "run" / "run.json").exists()


# ----------------------------------------------------------- sources and labels


def image(given, **options):
    return as_source(given, modality="image", **options)


def saved(array, **options):
    content = io.BytesIO()
    np.save(content, array, **options)
    return content.getvalue()


NPY = saved(UNIT)
FILES = [
    Odd("an array", file("a.npy", NPY), examples=UNIT),
    Odd("an array without channels", file("a.npy", saved(UNIT[..., 0])), examples=UNIT),
    Odd("a truncated array", file("a.npy", NPY[:-5]), refused="cannot be read"),
    Odd("a head alone", file("a.npy", NPY[:40]), refused="cannot be read"),
    Odd("nothing", file("a.npy", b""), refused="cannot be read"),
    Odd("text", file("a.npy", "hello"), refused="cannot be read"),
    Odd("a pickle", file("a.npy", b"\x80\x04K\x01."), refused="pickled objects"),
    Odd(
        "objects",
        file("a.npy", saved(np.array([{}], object), allow_pickle=True)),
        refused="pickled objects",
    ),
    Odd(
        "a head that tells of too much",
        file("a.npy", NPY.replace(b"(12, 8,", b"(99999999999, 8,")),
        refused="cannot be read",
    ),
    Odd(
        "several arrays",
        lambda f: np.savez(f / "a.npz", x=UNIT, y=UNIT) or f / "a.npz",
        refused="holds several",
    ),
    Odd(
        "a broken archive of arrays",
        file("a.npz", b"PK\x03\x04"),
        refused="cannot be read",
    ),
    Odd(
        "one number", file("a.npy", saved(np.array(3.0))), refused="one row an example"
    ),
    Odd("no rows", file("a.npy", saved(UNIT[:0])), refused="at least one example"),
    Odd(
        "vectors for images",
        file("a.npy", saved(VECTORS)),
        refused="Expected image data",
    ),
    Odd(
        "texts for images",
        file("a.npy", saved(np.array(["a", "b"]))),
        refused="Expected image data",
    ),
    Odd(
        "complex numbers",
        file("a.npy", saved(UNIT.astype(complex))),
        refused="real numbers",
    ),
    Odd(
        "records",
        file("a.npy", saved(np.zeros(3, [("a", "f4"), ("b", "i4")]))),
        refused="real numbers",
    ),
]
LABELS = [
    ("too few", [0, 1], "one entry an example"),
    ("none", [], "vector of integers|one entry"),
    ("floats", [0.5] * 12, "vector of integers"),
    ("words", ["a"] * 12, "vector of integers"),
    ("NaN", [float("nan")] * 12, "vector of integers"),
    ("below 0", [-1] * 12, "0 or more"),
    ("one-hot", np.eye(12, dtype=int), "vector of integers"),
    ("ragged", [[0], [1, 2]] * 6, "vector of integers"),
    ("a number", 3, "vector of integers"),
    ("gaps", [0, None] * 6, "vector of integers"),
]
SOURCES = [
    Odd(f"labels: {name}", lambda f: UNIT, refused=message, options={"labels": labels})
    for name, labels, message in LABELS
] + [
    Odd(
        "labels in a column",
        lambda f: UNIT,
        labels=[*range(12)],
        options={"labels": np.arange(12)[:, None]},
    ),
    Odd(
        "labels beyond their names",
        lambda f: UNIT,
        refused="`class_names` holds",
        options={"labels": [*range(12)], "class_names": ["a"]},
    ),
    Odd("nearly black bytes", lambda f: BYTES // 16, noted="Multiply them by 17"),
    Odd(
        "nearly black 16 bits",
        lambda f: (BYTES // 16).astype("uint16"),
        noted="Multiply",
    ),
    Odd("a stream of batches", lambda f: ONE.batch(3), refused="unbatch"),
    Odd(
        "a stream of texts",
        lambda f: tf.data.Dataset.from_tensor_slices(["a"]),
        refused="Expected image data",
    ),
    Odd(
        "a stream with options",
        lambda f: ONE,
        refused="takes no options",
        options={"labels": [1]},
    ),
    Odd(
        "an option that is none",
        lambda f: UNIT,
        refused="`label` is no option",
        options={"label": [1]},
    ),
    Odd("a set", lambda f: {1, 2}, refused="Examples must be"),
    Odd("a function", lambda f: len, refused="Examples must be"),
    Odd("bytes", lambda f: b"abc", refused="Examples must be|must hold|one row"),
    Odd(
        "no such modality",
        lambda f: UNIT,
        refused="`modality`",
        options={"modality": "sound"},
    ),
]


@pytest.mark.parametrize("case", FILES + SOURCES, ids=str)
def test_a_source(case, tmp_path):
    check(case, tmp_path, as_source if "modality" in case.options else image)
