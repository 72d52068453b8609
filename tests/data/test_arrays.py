import numpy as np
import pytest
import tensorflow as tf

from kerassl.data import ArraySource, StreamSource, Subset


def test_gathers_in_graph_in_the_order_asked():
    source = ArraySource(np.arange(12).reshape(4, 3), labels=[0, 1, 0, 1])
    batches = tf.data.Dataset.from_tensors(tf.constant([3, 0], tf.int64))
    (batch,) = batches.map(source.fetch)
    np.testing.assert_array_equal(batch, [[9, 10, 11], [0, 1, 2]])
    assert len(source) == 4
    assert source.labels.dtype == np.int64


def test_dict_of_arrays_and_strings():
    source = ArraySource({"image": np.zeros((2, 4, 4, 1), "uint8"), "text": ["a", "b"]})
    batch = source.fetch([1])
    assert batch["image"].shape == (1, 4, 4, 1)
    assert batch["text"].numpy().tolist() == [b"b"]


def test_object_arrays_of_strings_or_equal_rows():
    texts = np.array(["é", "longer"], object)
    assert ArraySource(texts).fetch([0]).numpy()[0].decode() == "é"
    rows = np.empty(2, object)
    rows[:] = [np.zeros(3), np.ones(3)]
    assert ArraySource(rows).fetch([1]).shape == (1, 3)


def test_double_becomes_single():
    assert ArraySource(np.zeros((2, 2))).fetch([0]).dtype == tf.float32


def test_describe_names_the_size():
    facts = ArraySource(np.zeros((5, 2), "uint8"), details={"set": "x"}).describe()
    assert facts["kind"] == "ArraySource"
    assert (facts["examples"], facts["bytes"], facts["set"]) == (5, 10, "x")


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([], "at least one example"),
        (np.zeros((0, 3)), "at least one example"),
        ({}, "empty dict"),
        ([[1, 2], [3]], "ragged: entry 0 has shape .* entry 1"),
        (np.array([[1.0, 2.0], [np.nan, 0.0]]), "Example 1 holds NaN"),
        (["text", 5], "entry 1 is int"),
        (["text", float("nan"), 5], "entry 2 is int"),
        ([["a", 1], ["b", "c"]], "entry 0 is int"),
        ({"a": ["b", ["c"]]}, r"`x\['a'\]` mixes .* entry 1 is list"),
        ([None, "", " ", b"\xff"], "4 left out; entry 0: missing; entry 1: empty"),
        ([{"a": 1}], "Entry 0 is dict"),
        (3.0, "array or a list"),
        (np.array(3), "array or a list"),
        ([1, None], "Entry 1 is NoneType"),
        ([2**70], "Entry 0 is int"),
        ([np.zeros((2, 2, 3)), np.zeros((3, 2, 3))], "ragged"),
        (np.zeros((3, 0)), r"something of each example. Received shape: \(3, 0\)"),
        ([[], []], "something of each example"),
        (np.zeros((3, 4, 0, 3)), "something of each example"),
        (np.zeros(3, complex), "real numbers or strings. Received dtype: complex128"),
        (np.zeros(3, [("a", "i4")]), "real numbers or strings"),
        (np.zeros(3, "datetime64[D]"), "real numbers or strings"),
        (np.full((2, 2), 1e300), "Example 0 .* too large for float32"),
        (np.ma.masked_array(np.ones(2), mask=[0, 1]), "masked values"),
        ({"a": [1, 2], "b": [1]}, r"one length. Received lengths: \[1, 2\]"),
    ],
)
def test_unusable_examples_are_named(x, message):
    with pytest.raises(ValueError, match=message):
        ArraySource(x)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0], "one entry an example: 2"),
        ([0.5, 1.0], "vector of integers"),
        ([-1, 0], "0 or more"),
        ([0, 2], "reach 2, but `class_names` holds 2"),
    ],
)
def test_unusable_labels_are_named(labels, message):
    with pytest.raises(ValueError, match=message):
        ArraySource([1, 2], labels=labels, class_names=("a", "b"))


def test_a_digest_names_values_and_labels():
    def digest(*args):
        return ArraySource(*args).describe()["digest"]

    x = np.arange(6.0).reshape(3, 2)
    assert digest(x) == digest(x.copy()) != digest(x + 1) != digest(x.reshape(2, 3))
    assert digest(x, [0, 1, 0]) != digest(x, [0, 1, 1])
    assert digest(["ab", "c"]) == digest(["ab", "c"]) != digest(["a", "bc"])


def test_all_that_is_in_memory_is_at_hand(monkeypatch):
    monkeypatch.setattr("kerassl.data.source.CHUNK_BYTES", 100)
    values = np.arange(300, dtype="float32").reshape(100, 3)
    source = ArraySource(values)
    batches = list(source.at_hand())
    assert len(batches) > 10
    np.testing.assert_array_equal(np.concatenate(batches), values)
    part = np.concatenate(list(Subset(source, [7, 3]).at_hand()))
    np.testing.assert_array_equal(part, values[[7, 3]])
    stream = StreamSource(tf.data.Dataset.from_tensor_slices(values))
    assert [len(batch) for batch in stream.at_hand()] == [8]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_images_that_are_nearly_black_are_noted(dtype):
    digits = np.arange(17, dtype=dtype).repeat(4).reshape(17, 2, 2)
    (note,) = ArraySource(digits).notes
    assert "largest value is 16" in note and "nearly black" in note
    assert ArraySource(digits * 15).notes == ArraySource(digits * 0).notes == []


UNUSABLE = ["one", None, "two", float("nan"), "", " \u3000", b"caf\xe9", "\ud800", "3"]


@pytest.mark.parametrize(
    "texts",
    [UNUSABLE, np.array(UNUSABLE, object), [[text, "same"] for text in UNUSABLE]],
)
def test_texts_that_cannot_be_used_are_left_out_with_their_labels(texts):
    source = ArraySource(texts, labels=range(9))
    kept = source.fetch(np.arange(len(source))).numpy().reshape(3, -1)[:, 0]
    assert kept.tolist() == [b"one", b"two", b"3"]
    assert source.labels.tolist() == [0, 2, 8]
    assert [s.where for s in source.skipped] == [
        f"entry {i}" for i in (1, 3, 4, 5, 6, 7)
    ]
    assert source.skipped_by_reason == {"missing": 2, "empty": 2, "not UTF-8": 2}
    assert source.skipped[4].reason == "not UTF-8 (byte 0xe9 at offset 3)"


def test_a_row_of_a_dict_is_left_out_as_a_whole():
    x = {
        "image": np.arange(4.0),
        "texts": {"a": ["x", None, "y", "z"], "b": list("pqr ")},
    }
    source = ArraySource(x, labels=[3, 2, 1, 0])
    batch = source.fetch([0, 1])
    assert batch["image"].numpy().tolist() == [0.0, 2.0]
    assert batch["texts"]["b"].numpy().tolist() == [b"p", b"r"]
    assert source.labels.tolist() == [3, 1]
    wheres = [skipped.where for skipped in source.skipped]
    assert wheres == ["entry 1 of x['texts']['a']", "entry 3 of x['texts']['b']"]


def test_one_long_text_among_many_costs_its_own_length_only():
    texts = ["short"] * 20_000 + ["long" * 100_000]
    assert ArraySource(texts).bytes_in_memory == 500_000  # not 32 GB


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i4", "longdouble", "float16"])
def test_numbers_of_any_layout_keep_their_values(dtype):
    values = np.arange(6).reshape(3, 2).astype(dtype)
    np.testing.assert_array_equal(ArraySource(values).fetch([0, 1, 2]), values)


def test_class_names_are_a_list():
    with pytest.raises(TypeError, match="`class_names` must be a list"):
        ArraySource([1, 2], labels=[0, 1], class_names=3)


@pytest.mark.parametrize("indices", [[1.5], [[0]], [True], "ab", None, [np.nan]])
def test_indices_of_a_subset_are_integers(indices):
    with pytest.raises(TypeError, match="`indices` must be a vector of integers"):
        Subset(ArraySource([1, 2, 3]), indices)
