"""Test and validation data of the user's own: they must go with the training data."""

import numpy as np
import pytest
import tensorflow as tf

from kerassl import encoders, models, pretext
from kerassl.data import ArraySource
from kerassl.pretraining.given import Examples, beside, read_all

NAMES = ("cat", "dog", "fox")


def images(labels=None, names=None, size=8, count=None):
    count = len(labels) if labels is not None else count or 6
    x = np.random.default_rng(0).integers(0, 256, (count, size, size, 1))
    return ArraySource(x.astype("uint8"), labels, names)


def all_of(**given):
    plan = {"held_out": 0.05}
    given = {"data": images([0, 1, 2, 0, 1, 2], NAMES), "test": None, **given}
    given = {"validation": None, **given}
    return plan, read_all(plan, seed=0, kinds={"classes", None}, **given)


def test_all_is_trained_on_where_test_data_are_given():
    plan, read = all_of(test=images([0, 1], NAMES))
    assert len(read.train) == 6 and len(read.test) == 2 and read.validation is None
    assert plan["test_data"] == "<ArraySource>" and plan["test_used"]["examples"] == 2
    assert "validation_data" not in plan
    plan, read = all_of(validation=images([0, 1], NAMES))
    assert len(read.test) and len(read.train) < 6 and len(read.validation) == 2
    assert plan["validation_used"]["examples"] == 2 and "test_data" not in plan


def test_classes_go_by_their_names():
    _, read = all_of(test=images([0, 1, 1], ("fox", "cat")))
    assert read.test.labels.tolist() == [2, 0, 0]
    assert read.test.class_names == NAMES
    # A name without examples is no class of theirs.
    _, read = all_of(test=images([0, 0], ("fox", "cow")))
    assert read.test.labels.tolist() == [2, 2]
    _, read = all_of(test=images([2, 0]))
    assert read.test.labels.tolist() == [2, 0]


@pytest.mark.parametrize("name", ["test", "validation"])
@pytest.mark.parametrize(
    "given, message",
    [
        (images([0, 1], ("cat", "cow")), r"classes that `data` have .*\['cow'\]"),
        (images([0, 7]), r"classes that `data` have .*: \[7\]"),
        (ArraySource(["a text", "another"]), "of the kind that `data` holds, image"),
        ("nowhere/", "nowhere"),
        (("a", "tuple"), "must not be a tuple"),
        (tf.data.Dataset.range(3), "at any position"),
    ],
    ids=["a name", "a number", "another kind", "a path", "a tuple", "a stream"],
)
def test_what_does_not_go_together_is_refused(name, given, message):
    with pytest.raises((ValueError, TypeError, OSError), match=message) as caught:
        all_of(**{name: given})
    told = str(caught.value)
    assert told.startswith(f"`{name}_data`: ") and "\n" not in told


def test_labels_that_the_training_data_lack_are_not_used():
    plan = {}
    for train in images(), images([0, 0, 0]):
        test = beside(plan, train, images([0, 1], NAMES), "test")
        assert test.labels is None and len(test) == 2
    assert beside(plan, train, None, "test") is None


@pytest.mark.parametrize("name", ["test", "validation"])
def test_examples_that_the_encoder_does_not_take_are_refused(name):
    task = models.Autoencoder(encoders.dense((8, 8, 1)), pretext.Reconstruct())
    Examples(images(), **{name: images()}).check(task)
    wrong = Examples(images(), **{name: images(size=9)})
    with pytest.raises(ValueError, match=rf"`{name}_data`: The encoder takes .*8, 8"):
        wrong.check(task)
