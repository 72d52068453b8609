import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from toy import Corrupt, Game, Restore, SimultaneousGame, SlowGame, encoder, fixed

from kerassl import distribute
from kerassl.callbacks import restore_checkpoint, save_checkpoint
from kerassl.errors import InvalidValue
from kerassl.models.base import global_mean_share


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Untouched(Corrupt):
    """Leaves the examples as they are, so that their order shows."""

    def call(self, inputs, seed):
        inputs = tf.cast(inputs, tf.float32)
        return inputs, inputs, tf.ones_like(inputs[:, 0])


X = np.random.default_rng(0).normal(size=(100, 6)).astype("float32")


def train(strategy, cls=Restore, optimizer="adam", steps=8, dtype=None, dropout=0.0):
    """Returns (history, evaluation, weights) after a few steps."""
    with strategy.scope() if strategy else contextlib.nullcontext():
        task = fixed(cls(encoder(dtype=dtype, dropout=dropout), Corrupt()))
    task.compile(optimizer)
    history = task.fit(task.dataset(X, 16, seed=3), steps_per_epoch=steps, verbose=0)
    logs = task.evaluate(task.dataset(X, 16, seed=4), verbose=0, return_dict=True)
    weights = [np.ravel(v.numpy()) for v in task.variables if "seed" not in v.path]
    return history.history, logs, np.concatenate(weights)


OPTIMIZERS = {
    "plain": lambda: keras.optimizers.Adam(0.01),
    "clipped after the sum": lambda: keras.optimizers.Adam(0.01, global_clipnorm=0.1),
    "accumulated": lambda: keras.optimizers.AdamW(
        0.01, weight_decay=0.1, gradient_accumulation_steps=4, clipnorm=0.05
    ),
    "averaged": lambda: keras.optimizers.SGD(
        0.1, use_ema=True, ema_overwrite_frequency=3
    ),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_two_replicas_equal_one(optimizer, two_replicas):
    history1, logs1, weights1 = train(None, optimizer=optimizer())
    history2, logs2, weights2 = train(two_replicas, optimizer=optimizer())
    np.testing.assert_allclose(weights2, weights1, rtol=1e-5, atol=1e-6)
    for name in ("loss", "error"):
        np.testing.assert_allclose(history2[name], history1[name], rtol=1e-5)
        np.testing.assert_allclose(logs2[name], logs1[name], rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_a_strategy_of_one_device_equals_none(optimizer, dtype):
    one_device = distribute.strategy("cpu:1")
    history1, logs1, weights1 = train(None, optimizer=optimizer(), dtype=dtype)
    history2, logs2, weights2 = train(one_device, optimizer=optimizer(), dtype=dtype)
    np.testing.assert_array_equal(weights2, weights1)
    assert history2 == history1 and logs2 == logs1


def test_a_strategy_of_one_device_takes_single_steps():
    with distribute.strategy("cpu:1").scope():
        task = Restore(encoder(), Corrupt())
    task.compile("adam")
    task.fit(task.dataset(X, 16), steps_per_epoch=1, verbose=0)
    with pytest.raises(ValueError, match="must be 1 under a distribution strategy"):
        task.compile("adam", steps_per_execution=2)


@pytest.mark.parametrize(
    "dtype, rtol", [("mixed_float16", 1e-3), ("mixed_bfloat16", 1e-2)]
)
def test_mixed_precision_on_two_replicas(dtype, rtol, two_replicas):
    _, _, weights1 = train(None, dtype=dtype)
    _, _, weights2 = train(two_replicas, dtype=dtype)
    np.testing.assert_allclose(weights2, weights1, rtol=rtol, atol=rtol)


def test_float16_overflow_on_one_replica_skips_the_update(two_replicas):
    with two_replicas.scope():
        task = fixed(Restore(encoder(dtype="mixed_float16"), Corrupt()))
    task.compile(keras.optimizers.SGD(0.1))
    before = task.trainable_variables[0].numpy()
    x = X[:16].copy()
    x[12] = 6e4  # only the second replica overflows
    rows = tf.data.Dataset.from_tensors((x, x, np.ones(16, "float32")))
    task.fit(rows, verbose=0)
    np.testing.assert_array_equal(task.trainable_variables[0].numpy(), before)
    assert task.optimizer.dynamic_scale.numpy() < task.optimizer.initial_scale


GAMES = {"in turn": Game, "simultaneous": SimultaneousGame, "slow": SlowGame}


def one_optimizer_each():
    return {
        "head": keras.optimizers.Adam(0.01),
        "encoder": keras.optimizers.SGD(0.1, momentum=0.9, global_clipnorm=0.1),
    }


@pytest.mark.parametrize("cls", GAMES.values(), ids=GAMES.keys())
def test_two_players_on_two_replicas_equal_one(cls, two_replicas):
    history1, _, weights1 = train(None, cls=cls, optimizer=one_optimizer_each())
    history2, _, weights2 = train(two_replicas, cls=cls, optimizer=one_optimizer_each())
    np.testing.assert_allclose(weights2, weights1, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(history2["loss"], history1["loss"], rtol=1e-5)
    np.testing.assert_allclose(history2["error"], history1["error"], rtol=1e-5)


def test_players_move_in_turn_or_from_the_same_weights():
    def moved(cls, head_rate=0.1, encoder_rate=0.1):
        task = fixed(cls(encoder(), Corrupt()))
        before = [v.numpy() for v in task.trainable_variables]
        task.compile(
            {
                "head": keras.optimizers.SGD(head_rate),
                "encoder": keras.optimizers.SGD(encoder_rate),
            }
        )
        task.fit(task.dataset(X, 16), steps_per_epoch=1, verbose=0)
        after = [v.numpy() for v in task.trainable_variables]
        pairs = zip(after, before, strict=True)
        return np.concatenate([np.ravel(a - b) for a, b in pairs])

    alone = moved(Game, encoder_rate=0.0) + moved(Game, head_rate=0.0)
    np.testing.assert_allclose(moved(SimultaneousGame), alone, atol=1e-7)
    size = 6 * 8 + 8  # of the encoder, which moves second
    in_turn = moved(Game)
    np.testing.assert_allclose(in_turn[size:], alone[size:], atol=1e-7)
    assert np.abs(in_turn[:size] - alone[:size]).max() > 1e-4


def test_a_slow_player_waits_for_its_step():
    task = fixed(SlowGame(encoder(), Corrupt()))
    task.compile({"head": "adam", "encoder": "adam"})
    slow = task.optimizer.optimizers["encoder"]
    seen = []

    def look(*_, **__):
        own = [*task.encoder.trainable_variables, *slow.variables]
        seen.append(np.concatenate([np.ravel(v.numpy()) for v in own]))

    watch = keras.callbacks.LambdaCallback(on_train_begin=look, on_train_batch_end=look)
    task.fit(task.dataset(X, 16), steps_per_epoch=7, callbacks=[watch], verbose=0)
    moved = [not np.array_equal(a, b) for a, b in zip(seen, seen[1:], strict=False)]
    assert moved == [False, False, True, False, False, True, False]
    assert slow.iterations.numpy() == 2
    assert task.optimizer.optimizers["head"].iterations.numpy() == 7
    assert task.optimizer.iterations.numpy() == 7


def test_a_slow_player_resumes_where_it_waited(tmp_path):
    tasks = []
    for steps in (7, 4):
        tasks.append(fixed(SlowGame(encoder(), Corrupt())))
        tasks[-1].compile(one_optimizer_each())
        data = tasks[-1].dataset(X, 16, seed=3)
        tasks[-1].fit(data, steps_per_epoch=steps, verbose=0)
    whole, part = tasks
    save_checkpoint(part, tmp_path / "step.npz")
    again = fixed(SlowGame(encoder(), Corrupt()), seed=1)
    again.compile(one_optimizer_each())
    restore_checkpoint(again, tmp_path / "step.npz")
    data = again.dataset(X, 16, seed=3, start=4)
    again.fit(data, steps_per_epoch=3, verbose=0)
    for a, b in zip(whole.variables, again.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_a_slow_player_needs_single_steps_and_a_fast_first():
    task = SlowGame(encoder(), Corrupt())
    with pytest.raises(ValueError, match="must be 1 where a player is not updated"):
        task.compile(one_optimizer_each(), steps_per_execution=2)
    task.steps_per_update = lambda: {"head": 2}
    with pytest.raises(ValueError, match="`steps_per_update`.*1 for the first"):
        task.compile(one_optimizer_each())


def test_a_player_moves_its_own_variables_only():
    task = fixed(Game(encoder(), Corrupt()))
    task.compile(
        {"head": keras.optimizers.SGD(0.1), "encoder": keras.optimizers.SGD(0.0)}
    )
    before = [v.numpy() for v in task.trainable_variables]
    task.fit(task.dataset(X, 16), steps_per_epoch=1, verbose=0)
    moved = {
        v.path
        for v, b in zip(task.trainable_variables, before, strict=True)
        if not np.array_equal(v.numpy(), b)
    }
    assert moved == {v.path for v in task.head.trainable_variables}


def test_players_need_one_optimizer_each():
    task = Game(encoder(), Corrupt())
    with pytest.raises(ValueError, match="one optimizer for each of"):
        task.compile("adam")
    with pytest.raises(ValueError, match=r"keys \['encoder', 'head'\]"):
        task.compile({"generator": "adam", "head": "adam"})


def test_gradient_of_first_step_is_that_of_the_written_loss():
    task = fixed(Restore(encoder(), Corrupt()))
    x, y, weight = next(iter(task.dataset(X, 16, seed=5)))
    kernel, bias, head_kernel, head_bias = [v.numpy() for v in task.trainable_variables]
    task.compile(keras.optimizers.SGD(1.0))
    task.fit(task.dataset(X, 16, seed=5), steps_per_epoch=1, verbose=0)
    hidden = np.tanh(x.numpy() @ kernel + bias)
    error = hidden @ head_kernel + head_bias - y.numpy()
    scale = weight.numpy() / weight.numpy().sum() * 2 / error.shape[1]
    gradient = hidden.T @ (error * scale[:, None])
    np.testing.assert_allclose(
        task.head.kernel.numpy(), head_kernel - gradient, rtol=1e-4, atol=1e-6
    )


def test_dropout_differs_between_replicas(two_replicas):
    with two_replicas.scope():
        task = fixed(Restore(encoder(dropout=0.5), Corrupt()))
    task.compile(keras.optimizers.SGD(0.1))
    state = task.encoder.layers[1].seed_generator.state
    seen = []

    @tf.function
    def step():
        def replica():
            with task._own_dropout_per_replica():
                return task.encoder.layers[1](tf.ones((4, 8)), training=True)

        return two_replicas.run(replica)

    seen = two_replicas.experimental_local_results(step())
    assert not np.array_equal(seen[0].numpy(), seen[1].numpy())
    copies = two_replicas.experimental_local_results(state.value)
    np.testing.assert_array_equal(copies[0].numpy(), copies[1].numpy())


def test_weighted_mean_ignores_empty_slots():
    share = global_mean_share((np.array([[2.0, 9.0]]), np.array([[1.0, 0.0]])))
    assert float(share) == 2.0
    assert float(global_mean_share((np.ones(3), np.zeros(3)))) == 0.0


def test_saves_and_loads_compiled(tmp_path):
    task = fixed(Restore(encoder(), Corrupt()))
    task.compile(keras.optimizers.Adam(0.01))
    task.fit(task.dataset(X, 16), steps_per_epoch=2, verbose=0)
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    for a, b in zip(task.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert loaded.optimizer.iterations.numpy() == 2
    for each in (task, loaded):
        each.fit(each.dataset(X, 16, start=2), steps_per_epoch=2, verbose=0)
    for a, b in zip(task.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_fit_knows_the_length_of_an_epoch():
    task = Restore(encoder(), Corrupt())
    task.compile("adam")
    task.fit(task.dataset(X, 16), epochs=2, verbose=0)
    assert task.optimizer.iterations.numpy() == 2 * (100 // 16)


def test_an_optimizer_made_outside_the_scope_works_inside(two_replicas):
    with two_replicas.scope():
        task = fixed(Restore(encoder(), Corrupt()))
    task.compile(keras.optimizers.SGD(0.1, momentum=0.9))
    task.fit(task.dataset(X, 16), steps_per_epoch=1, verbose=0)
    assert task.optimizer.iterations.numpy() == 1


def test_steps_per_execution_is_refused_under_a_strategy(two_replicas):
    with two_replicas.scope():
        task = Restore(encoder(), Corrupt())
    with pytest.raises(ValueError, match="steps_per_execution.*must be 1"):
        task.compile("adam", steps_per_execution=2)


@pytest.mark.parametrize("size", [16, 12, 99, 100])
def test_predict_gives_a_row_for_each_example(size):
    task = fixed(Restore(encoder(), Untouched()))
    found = task.predict(task.dataset(X, size), verbose=0)
    np.testing.assert_allclose(found, task.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
    assert task.predict(task.dataset(X, 16), steps=2, verbose=0).shape == (32, 6)


def evaluated(task, x):
    """Returns loss and measures of examples that are all in one batch."""
    batch = Untouched()(x, None)
    return task.evaluate(tf.data.Dataset.from_tensors(batch), verbose=0)


@pytest.mark.parametrize("size", [16, 99, 100])
def test_evaluate_counts_each_example_once(size, two_replicas):
    expected = None
    for strategy in (None, two_replicas):
        with strategy.scope() if strategy else contextlib.nullcontext():
            task = fixed(Restore(encoder(), Untouched()))
        task.compile("adam")
        expected = expected or evaluated(task, X)
        found = task.evaluate(task.dataset(X, size), verbose=0)
        # The last example of 99 + 1 cannot be shared out to two.
        alone = strategy and size == 99
        np.testing.assert_allclose(found, expected, rtol=0.05 if alone else 1e-5)


def test_evaluate_takes_whole_batches_where_examples_are_compared():
    class Comparing(Restore):
        compares_examples = True

    task = fixed(Comparing(encoder(), Untouched()))
    task.compile("adam")
    found = task.evaluate(task.dataset(X, 16), verbose=0)
    np.testing.assert_allclose(found, evaluated(task, X[:96]), rtol=1e-5)


def unknown_stream():
    return tf.data.Dataset.from_generator(
        lambda: iter(X), output_signature=tf.TensorSpec((6,), "float32")
    )


@pytest.mark.parametrize(
    "call, argument",
    [
        (lambda task, data: task.fit(data), "steps_per_epoch"),
        (lambda task, data: task.evaluate(data), "steps"),
        (lambda task, data: task.predict(data), "steps"),
        (lambda task, data: task.fit(X, X, validation_data=data), "validation_steps"),
    ],
)
@pytest.mark.parametrize("repeated", [False, True])
def test_data_that_do_not_tell_their_length_need_steps(call, argument, repeated):
    task = Restore(encoder(), Corrupt())
    task.compile("adam")
    data = task.dataset(unknown_stream(), 16)
    if repeated:
        data = tf.data.Dataset.from_tensors((X, X, X[:, 0])).repeat()
    with pytest.raises(InvalidValue, match=f"`{argument}` must be given.*cardinality"):
        call(task, data)


def test_data_of_unknown_length_train_for_the_steps_given():
    task = Restore(encoder(), Corrupt())
    task.compile("adam")
    data = task.dataset(unknown_stream(), 16)
    task.fit(data, steps_per_epoch=3, verbose=0)
    assert task.evaluate(data, steps=2, verbose=0)
    assert task.predict(data, steps=2, verbose=0).shape == (32, 6)
    told = unknown_stream().apply(tf.data.experimental.assert_cardinality(100))
    data = task.dataset(told, 16)
    task.fit(data, verbose=0)
    assert task.optimizer.iterations.numpy() == 3 + 6
    assert task.predict(data, verbose=0).shape == (100, 6)


@pytest.mark.parametrize("steps", [0, -1, 2.5, "3"])
def test_steps_that_are_none(steps):
    task = Restore(encoder(), Corrupt())
    task.compile("adam")
    with pytest.raises(InvalidValue, match="`steps_per_epoch` must be a positive"):
        task.fit(task.dataset(X, 16), steps_per_epoch=steps)


class Schedules:
    """Schedules by what they are after some steps."""

    ended = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=5)
    warming = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=50, warmup_target=0.1, warmup_steps=10
    )


def test_a_schedule_that_has_ended_is_refused(tmp_path):
    task = fixed(Restore(encoder(), Corrupt()))
    task.compile(keras.optimizers.Adam(Schedules.ended))
    data = task.dataset(X, 16)
    task.fit(data, steps_per_epoch=5, verbose=0)
    task.save(tmp_path / "task.keras")
    for again in (task, keras.saving.load_model(tmp_path / "task.keras")):
        with pytest.raises(InvalidValue, match="learning rate is 0 at step 5.*compile"):
            again.fit(data, steps_per_epoch=5, verbose=0)
        again.compile("adam")
        again.fit(data, steps_per_epoch=1, verbose=0)


def test_the_player_whose_schedule_has_ended_is_named():
    task = fixed(SlowGame(encoder(), Corrupt()))
    task.compile({"head": "sgd", "encoder": keras.optimizers.SGD(Schedules.ended)})
    task.fit(task.dataset(X, 16), steps_per_epoch=15, verbose=0)
    with pytest.raises(InvalidValue, match="rate of 'encoder' is 0 at step 5"):
        task.fit(task.dataset(X, 16), steps_per_epoch=1, verbose=0)


def test_a_rate_that_rises_or_is_asked_for_trains():
    for rate in (Schedules.warming, 0.0):
        task = fixed(Restore(encoder(), Corrupt()))
        task.compile(keras.optimizers.SGD(rate))
        task.fit(task.dataset(X, 16), steps_per_epoch=1, verbose=0)


def test_a_batch_too_small_is_refused_before_training(two_replicas):
    class Comparing(Restore):
        least_examples = 2

    task = Comparing(encoder(), Corrupt())
    task.compile("adam")
    for call in (
        lambda: task.dataset(X, 1),
        lambda: task.fit(tf.data.Dataset.from_tensor_slices((X, X)).batch(1, True)),
    ):
        with pytest.raises(InvalidValue, match="`batch_size` must be at least 2 for C"):
            call()
    with two_replicas.scope():
        task = Restore(encoder(), Corrupt())
    with pytest.raises(InvalidValue, match="at least 2, an example for each replica"):
        task.dataset(X, 1)
    for size in (0, -1, 2.0, "8", True, None):
        with pytest.raises(InvalidValue, match="`batch_size` must be an integer >= 1"):
            task.dataset(X, size)


def test_a_last_batch_that_leaves_a_replica_out_is_refused(two_replicas):
    with two_replicas.scope():
        task = fixed(Restore(encoder(), Corrupt()))
    task.compile("adam")
    whole = (X, X, X[:, 0])
    message = "`x` must give each of 2 replicas an example of every batch"
    with pytest.raises(InvalidValue, match=f"{message}.*whose size is unknown"):
        task.fit(tf.data.Dataset.from_tensor_slices(whole).batch(16), verbose=0)
    with pytest.raises(InvalidValue, match=f"{message}.*whose size is 4"):
        task.fit(X, X, sample_weight=X[:, 0], batch_size=16, verbose=0)
    task.fit(X, X, sample_weight=X[:, 0], batch_size=34, verbose=0)  # 32 are left
    assert task.optimizer.iterations.numpy() == 3


def test_examples_that_ask_for_nothing_are_refused():
    class Weightless(Untouched):
        def call(self, inputs, seed):
            x, y, weight = super().call(inputs, seed)
            return x, y, tf.zeros_like(weight)

    class Rarely(Untouched):
        def call(self, inputs, seed):
            x, y, weight = super().call(inputs, seed)
            # Of the 16 examples of a batch none is above 2.2 in the first feature.
            return x, y, tf.cast(inputs[:, 0] > 2.2, "float32")

    told = "something to learn. Received 6 batches in which nothing is asked for\\.$"
    with pytest.raises(InvalidValue, match=told):
        Restore(encoder(), Weightless()).dataset(X, 16)
    Restore(encoder(), Rarely()).dataset(X, 16)


@pytest.mark.parametrize("option", [{"loss": "mse"}, {"metrics": ["mae"]}])
def test_a_loss_or_metrics_of_the_users_are_refused(option):
    with pytest.raises(ValueError, match=f"`{next(iter(option))}` must be None"):
        Restore(encoder(), Corrupt()).compile("adam", **option)


def test_weights_that_no_loss_reads_are_refused():
    class Unweighted(Restore):
        reads = ()

        def objective(self, x, y, outputs, training):
            return {"error": ops.mean(ops.square(outputs - y), axis=-1)}

        def measures(self, x, y, outputs):
            return self.objective(x, y, outputs, False)

    task = Unweighted(encoder(), Corrupt())
    task.compile("adam")
    assert task.test_on_batch(X, X)[0] > 0
    with pytest.raises(ValueError, match="`sample_weight` and `class_weight` must be"):
        task.test_on_batch(X, X, np.zeros(len(X), "float32"))


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="`encoder` must be a keras.Model"):
        Restore(keras.layers.Dense(2))
    with pytest.raises(ValueError, match="no pretext layer"):
        Restore(encoder()).dataset(X, 16)


def averaging():
    return keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)


def assert_averaged(optimizer):
    averages = optimizer._model_variables_moving_average
    for variable, average in zip(optimizer._trainable_variables, averages, strict=True):
        np.testing.assert_array_equal(variable.numpy(), average.numpy())


def test_averaged_weights_may_leave_some_unread():
    task = fixed(Restore(encoder(), Corrupt()))
    unread = task.encoder.trainable_variables[-1]
    before = unread.numpy()
    task._unread = frozenset({id(unread)})
    task.compile(averaging())
    task.fit(task.dataset(X, 16), steps_per_epoch=3, verbose=0)
    assert_averaged(task.optimizer)
    np.testing.assert_array_equal(unread.numpy(), before)


def test_each_player_ends_at_its_average():
    task = fixed(Game(encoder(), Corrupt()))
    task.compile({"head": averaging(), "encoder": averaging()})
    task.fit(task.dataset(X, 16), steps_per_epoch=3, verbose=0)
    for optimizer in task.optimizer.optimizers.values():
        assert_averaged(optimizer)


def test_what_no_loss_reads_is_left_as_it_was():
    inputs = keras.Input((6,))
    read = keras.layers.Dense(3, name="read")(inputs)
    unread = keras.layers.Dense(3, name="unread")(inputs)
    two_headed = keras.Model(inputs, {"read": read, "unread": unread})
    task = Restore(encoder(), Corrupt())
    task.encoder = two_headed
    task.leave_unread(two_headed.output["read"])
    left = [v.path for v in task.trainable_variables if v.path.startswith("unread")]
    assert not left
    kept = [v.path for v in task.non_trainable_variables if "unread" in v.path]
    assert len(kept) == 2
    assert len(task.variables) == len({id(v) for v in task.variables})
    # What is added to the encoder later, such as low-rank adapters, trains.
    two_headed.get_layer("read").enable_lora(1)
    assert any("lora" in v.path for v in task.trainable_variables)


def test_features_follow_training():
    task = fixed(Restore(encoder(), Corrupt()))
    before = task.features(X)
    assert before.shape == (100, 8)
    task.compile(keras.optimizers.SGD(0.5))
    task.fit(task.dataset(X, 16), steps_per_epoch=2, verbose=0)
    assert not np.allclose(task.features(X), before)


def test_strategy_names():
    assert distribute.strategy("one").num_replicas_in_sync == 1
    with pytest.raises(ValueError, match="`strategy` must be 'auto'"):
        distribute.strategy("mirored")
    with pytest.raises(ValueError, match="`strategy` must be 'auto'"):
        distribute.strategy("cpu:x")


def test_a_step_does_not_depend_on_timing(monkeypatch):
    # With Grappler on, sums are added up in the order in which parts arrive,
    # and two runs on a busy processor differ.
    task = fixed(Restore(encoder(), Corrupt()))
    task.compile("adam")
    seen = []
    step = task.train_step

    def spy(data):
        seen.append(tf.config.optimizer.get_experimental_options())
        return step(data)

    monkeypatch.setattr(task, "train_step", spy)
    task.fit(task.dataset(X, 16), steps_per_epoch=1, verbose=0)
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    assert seen[0].get("disable_meta_optimizer", False) != on_gpu
    after = tf.config.optimizer.get_experimental_options()
    assert not after.get("disable_meta_optimizer", False)
