"""The train step of TensorFlow, also under a strategy."""

import contextlib
import math

import keras
import tensorflow as tf
from keras import ops

from kerassl.distribute.order import summing_in_order
from kerassl.distribute.players import PlayerOptimizers, build_optimizer, optimizer_of
from kerassl.distribute.progress import steps_done
from kerassl.distribute.replicas import all_sum, replica_id
from kerassl.distribute.scopes import has_strategy
from kerassl.distribute.updates import (
    apply_gradients,
    let_each_replica_update_its_copy,
)
from kerassl.errors import InvalidValue


class TensorFlowTrainer(keras.Model):
    """The train step for tf.distribute that Keras lacks.

    Gradients are summed over the replicas first; only then are they clipped,
    accumulated, checked for overflow and applied, by each replica to its own
    copy of the variables. All replicas hold the same gradients, so all copies
    stay the same.
    """

    _moving: tuple[str, ...] = ()

    def compile(self, optimizer="rmsprop", **kwargs):
        super().compile(optimizer=optimizer, **kwargs)
        if self.steps_per_execution == 1:
            return
        place = None
        if has_strategy(self):
            place = "under a distribution strategy"
        elif max([1, *self.steps_per_update().values()]) > 1:
            place = "where a player is not updated in every step"
        if place:
            raise InvalidValue(
                f"`steps_per_execution` must be 1 {place} (TensorFlow cannot run "
                f"several steps at once there). Received: {self.steps_per_execution}"
            )

    def build_optimizer(self):
        """Creates the optimizer's variables, before the first trace."""
        build_optimizer(self)
        if has_strategy(self):
            for player in self.players():
                let_each_replica_update_its_copy(optimizer_of(self, player))

    def make_train_function(self, force=False):
        if self.train_function is not None and not force:
            return
        functions = {}
        # Which players move is decided outside the graph: replicas cannot talk
        # to each other inside a condition.
        for step in range(math.lcm(*self.steps_per_update().values())):
            players = self._players_of(step)
            if players not in functions:
                super().make_train_function(force=True)
                functions[players] = self.train_function
        self.train_function = summing_in_order(self._choosing(functions))

    def _players_of(self, step):
        """Returns the players that are updated in a step, counted from 0."""
        every = self.steps_per_update()
        return tuple(p for p in self.players() if (step + 1) % every.get(p, 1) == 0)

    def _choosing(self, functions):
        if len(functions) == 1:
            return next(iter(functions.values()))

        def run(iterator):
            # `train_step` reads it while it is traced.
            self._moving = self._players_of(steps_done(self))
            return functions[self._moving](iterator)

        return run

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        players = self.players()
        total, measured, waiting = 0.0, None, []
        with self._own_dropout_per_replica():
            for player in self._moving or players:
                optimizer = optimizer_of(self, player)
                with tf.GradientTape() as tape:
                    y_pred = self(x, training=True, player=player)
                    loss = self.loss_of(player, x, y, y_pred, sample_weight)
                    scaled_loss = optimizer.scale_loss(loss)
                gradients = tape.gradient(scaled_loss, players[player])
                waiting.append((optimizer, gradients, players[player]))
                if not self.simultaneous:
                    apply_gradients(*waiting.pop())
                total += loss
                measured = y_pred if measured is None else measured
        for update in waiting:
            apply_gradients(*update)
        if isinstance(self.optimizer, PlayerOptimizers):
            self.optimizer.iterations.assign_add(1)
        self._track_loss(total, x)
        logs = self.compute_metrics(x, y, measured, sample_weight=sample_weight)
        return self._readable(logs)

    def test_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(
            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False
        )
        self._track_loss(loss, x)
        logs = self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)
        return self._readable(logs)

    def _track_loss(self, loss, x):
        # A replica's loss is its share of the global one.
        self._loss_tracker.update_state(
            all_sum(loss), sample_weight=ops.shape(keras.tree.flatten(x)[0])[0]
        )

    @contextlib.contextmanager
    def _own_dropout_per_replica(self):
        """Gives each replica other random numbers while a step is traced.

        Keras's seed generators hold the same state on every replica, which
        would drop the same units in every part of the batch. Replica 0 keeps
        the stored state, so that it is what a checkpoint holds.
        """
        states = []
        if self.distribute_strategy.num_replicas_in_sync > 1:
            layers = self._flatten_layers()
            states = [g.state for layer in layers for g in layer._seed_generators]
        # A state is (seed, counter); only the seed is moved.
        shifts = [
            ops.cast(replica_id() * 1_000_003, s.dtype) * ops.cast([1, 0], s.dtype)
            for s in states
        ]
        for state, shift in zip(states, shifts, strict=True):
            state.assign(state.value + shift)
        yield
        for state, shift in zip(states, shifts, strict=True):
            state.assign(state.value - shift)

    def _readable(self, logs):
        """Lets Keras read scalar logs when several processes train."""
        if isinstance(
            self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy
        ):
            return {name: tf.reshape(value, (1,)) for name, value in logs.items()}
        return logs

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Pretext models and their optimizers are built before `fit`; Keras's
        # symbolic build fails when several processes train.
        if not self.built:
            super()._maybe_symbolic_build(iterator=iterator, data_batch=data_batch)
