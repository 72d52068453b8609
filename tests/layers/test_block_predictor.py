import keras
import numpy as np
import pytest

from kerassl.encoders.kernels import draw_kernels
from kerassl.layers import BlockPredictor

RANDOM = np.random.default_rng(0)
STATES = RANDOM.normal(size=(2, 5, 6)).astype("float32")
CONTEXT = np.array([[0, 3, 7, 8, 4], [1, 2, 5, 11, 0]])
CONTEXT_MASK = np.array([[1, 1, 1, 1, 0], [1, 1, 1, 0, 0]])
TARGETS = np.array([[[1, 2, 0], [9, 10, 11]], [[6, 7, 0], [8, 9, 0]]])
TARGET_MASK = np.array([[[1, 1, 0], [1, 1, 1]], [[1, 1, 0], [1, 1, 0]]])


@pytest.fixture(scope="module")
def predictor():
    layer = BlockPredictor((3, 4), 6, hidden_dim=8, num_layers=2, num_heads=2)
    layer.build(STATES.shape)
    draw_kernels(layer)
    layer.head.kernel.assign(RANDOM.normal(size=(8, 6)))
    return layer


def predicted(layer, **changes):
    given = {
        "states": STATES,
        "context": CONTEXT,
        "context_mask": CONTEXT_MASK,
        "targets": TARGETS,
        "target_mask": TARGET_MASK,
    }
    return np.array(layer(**given | changes))


def test_shape_and_configuration(predictor):
    found = predicted(predictor)
    assert found.shape == (2, 2, 3, 6)
    again = BlockPredictor.from_config(predictor.get_config())
    assert again.get_config() == predictor.get_config()
    shapes = [x.shape for x in (STATES, CONTEXT, CONTEXT_MASK, TARGETS, TARGET_MASK)]
    assert predictor.compute_output_shape(*shapes) == found.shape


def test_what_does_not_count_changes_nothing(predictor):
    before = predicted(predictor)
    states, context, targets = STATES.copy(), CONTEXT.copy(), TARGETS.copy()
    states[CONTEXT_MASK == 0] += 5.0
    context[CONTEXT_MASK == 0] = 6
    targets[TARGET_MASK == 0] = 5
    after = predicted(predictor, states=states, context=context, targets=targets)
    counts = TARGET_MASK == 1
    np.testing.assert_array_equal(after[counts], before[counts])


def test_what_counts_changes_the_predictions(predictor):
    before = predicted(predictor)
    for name, value in (("states", STATES), ("context", CONTEXT)):
        changed = value.copy()
        changed[:, 0] = value[:, 1]
        after = predicted(predictor, **{name: changed})
        assert (np.abs(after - before).max(axis=(2, 3)) > 1e-3).all(), name


def test_a_block_is_predicted_apart_from_others(predictor):
    before = predicted(predictor)
    targets = TARGETS.copy()
    targets[:, 1] = [[4, 5, 6], [3, 4, 10]]
    after = predicted(predictor, targets=targets)
    np.testing.assert_allclose(after[:, 0], before[:, 0], atol=1e-6)
    assert np.abs(after[:, 1] - before[:, 1]).max() > 1e-3


def test_the_order_of_the_context_does_not_matter(predictor):
    order = [3, 0, 4, 2, 1]
    after = predicted(
        predictor,
        states=STATES[:, order],
        context=CONTEXT[:, order],
        context_mask=CONTEXT_MASK[:, order],
    )
    counts = TARGET_MASK == 1
    before = predicted(predictor)
    np.testing.assert_allclose(after[counts], before[counts], atol=1e-5)


def test_a_new_predictor_predicts_little():
    keras.utils.set_random_seed(0)
    layer = BlockPredictor((3, 4), 6, hidden_dim=16, num_layers=1, num_heads=2)
    assert np.abs(predicted(layer)).max() < 0.5


@pytest.mark.parametrize(
    "argument, value",
    [
        ("output_dim", 0),
        ("hidden_dim", 6),
        ("hidden_dim", 12.5),
        ("num_layers", 0),
        ("num_heads", 3),
        ("grid", (0, 2)),
    ],
)
def test_errors(argument, value):
    sizes = {"grid": (3, 4), "output_dim": 6, "hidden_dim": 8, "num_heads": 2}
    with pytest.raises(ValueError, match=f"`(hidden_dim|{argument})` must"):
        BlockPredictor(**sizes | {argument: value})
