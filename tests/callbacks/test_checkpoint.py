import keras
import numpy as np
import pytest
from toy import Corrupt, Restore, encoder, fixed

from kerassl.callbacks import (
    Checkpoint,
    StopAtStep,
    latest_checkpoint,
    restore_checkpoint,
    save_checkpoint,
)
from kerassl.testing import assert_same_weights

X = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")


def compiled(**options):
    task = fixed(Restore(encoder(dropout=0.3, **options), Corrupt()))
    task.compile(keras.optimizers.Adam(0.01, gradient_accumulation_steps=2))
    return task


def fit(task, epochs, start=0, **options):
    dataset = task.dataset(X, 16, seed=7, start=start)
    task.fit(dataset, epochs=epochs, steps_per_epoch=3, verbose=0, **options)


def test_goes_on_bit_for_bit_with_dropout_state_and_accumulated_gradients(tmp_path):
    whole = compiled()
    fit(whole, epochs=3)
    part = compiled()
    fit(part, epochs=1, callbacks=[Checkpoint(tmp_path, every_seconds=0)])
    path, step = latest_checkpoint(tmp_path)
    assert step == 3
    resumed = compiled()
    restore_checkpoint(resumed, path)
    fit(resumed, epochs=2, start=step)
    assert_same_weights(whole, resumed)


def test_names_the_step_where_several_run_at_once(tmp_path):
    task = compiled()
    task.compile(task.optimizer, steps_per_execution=3)
    fit(task, epochs=2, callbacks=[Checkpoint(tmp_path, every_seconds=0, start=5)])
    assert latest_checkpoint(tmp_path)[1] == 5 + 6


def test_keeps_the_newest(tmp_path):
    fit(compiled(), epochs=4, callbacks=[Checkpoint(tmp_path, every_seconds=0, keep=2)])
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "step-00000009.npz",
        "step-00000012.npz",
    ]


def test_an_unfinished_file_is_not_read(tmp_path):
    (tmp_path / ".step-00000009.npz.unfinished").write_bytes(b"half")
    assert latest_checkpoint(tmp_path) is None
    assert latest_checkpoint(tmp_path / "missing") is None


def test_diverged_weights_are_not_saved(tmp_path):
    callback = Checkpoint(tmp_path, every_seconds=0)
    callback.set_model(compiled())
    callback.on_train_batch_end(0)
    callback.on_epoch_end(0, {"loss": float("nan")})
    callback.on_train_end()
    assert latest_checkpoint(tmp_path) is None


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    save_checkpoint(compiled(), tmp_path / "a.npz")
    other = Restore(encoder(dim=5), Corrupt())
    other.compile(keras.optimizers.Adam(0.01, gradient_accumulation_steps=2))
    with pytest.raises(ValueError, match="of another model"):
        restore_checkpoint(other, tmp_path / "a.npz")
    other.compile(keras.optimizers.SGD(0.1))
    with pytest.raises(ValueError, match="of another model or optimizer"):
        restore_checkpoint(other, tmp_path / "a.npz")


def test_stops_within_an_epoch():
    callback = StopAtStep(5)
    fit(compiled(), epochs=4, callbacks=[callback])
    assert callback.step == 5


@pytest.mark.parametrize("damage", [b"", b"junk", slice(0, -200), slice(0, 100)])
def test_a_damaged_file_is_named(tmp_path, damage):
    path = tmp_path / "step-00000003.npz"
    task = compiled()
    save_checkpoint(task, path)
    path.write_bytes(damage if isinstance(damage, bytes) else path.read_bytes()[damage])
    with pytest.raises(ValueError, match="step-00000003.npz is damaged.*Remove it"):
        restore_checkpoint(task, path)


def test_a_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "step-00000003.npz"
    task = compiled()
    save_checkpoint(task, path)
    content = bytearray(path.read_bytes())
    kernel = task.variables[0].numpy().tobytes()
    content[content.index(kernel)] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="step-00000003.npz is damaged"):
        restore_checkpoint(task, path)
