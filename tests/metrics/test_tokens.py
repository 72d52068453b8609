import numpy as np
from keras import ops

from kerassl.metrics.tokens import token_accuracy


def test_equals_the_argmax():
    random = np.random.default_rng(0)
    logits = random.normal(size=(4, 50, 3)).astype("float32")
    targets = random.integers(0, 3, (4, 50)).astype("int32")
    expected = logits.argmax(-1) == targets
    assert 0 < expected.mean() < 1
    np.testing.assert_array_equal(token_accuracy(logits, targets), expected)


def test_a_tie_is_wrong_and_what_is_no_number_too():
    logits = ops.array([[1.0, 1.0, 0.0], [float("nan")] * 3])
    for target in (0, 1, 2):
        hits = token_accuracy(logits, ops.array([target, target]))
        assert ops.convert_to_numpy(hits).tolist() == [False, False]
