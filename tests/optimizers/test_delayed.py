"""Schedules of a run that was lengthened, and of one that is trained on."""

import keras
import numpy as np
import pytest

from kerassl.distribute import PlayerOptimizers
from kerassl.optimizers.delayed import Delayed, keep_rate


def cosine(warmup=0):
    return keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else 0.2,
        10,
        warmup_target=0.2 if warmup else None,
        warmup_steps=warmup,
    )


def test_it_is_its_schedule_later():
    delayed, schedule = Delayed(cosine(3), 100), cosine(3)
    for step in range(14):
        assert float(delayed(100 + step)) == float(schedule(step))
    assert float(delayed(50)) == float(schedule(0))


def test_a_saved_optimizer_keeps_it():
    optimizer = keras.optimizers.SGD(Delayed(cosine(), 7))
    config = keras.saving.serialize_keras_object(optimizer)
    again = keras.saving.deserialize_keras_object(config)
    assert float(again._learning_rate(12)) == float(optimizer._learning_rate(12))


@pytest.mark.parametrize("schedule", [cosine(), cosine(3), Delayed(cosine(3), 5)])
@pytest.mark.parametrize("wrap", [lambda x: x, keras.optimizers.LossScaleOptimizer])
def test_what_has_ended_trains_on(schedule, wrap):
    optimizer = wrap(keras.optimizers.SGD(schedule))
    variable = keras.Variable(np.ones(2, "float32"))
    optimizer.build([variable])
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    inner.iterations.assign(1000)
    keep_rate(optimizer)
    inner.apply([np.ones(2, "float32")], [variable])
    np.testing.assert_allclose(variable.numpy(), 0.8, rtol=1e-6)


def test_each_player_trains_on():
    parts = {name: keras.optimizers.SGD(cosine()) for name in "ab"}
    keep_rate(PlayerOptimizers(parts))
    assert [float(p._learning_rate(99)) for p in parts.values()] == [
        pytest.approx(0.2)
    ] * 2


def test_a_rate_of_its_own_stays():
    optimizer = keras.optimizers.SGD(0.3)
    keep_rate(optimizer)
    assert float(optimizer.learning_rate) == pytest.approx(0.3)
