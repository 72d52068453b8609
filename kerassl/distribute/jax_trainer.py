"""The train step of JAX for models of several players."""

import functools

import jax
import keras

from kerassl.distribute.players import build_optimizer, optimizer_of


class JaxTrainer(keras.Model):
    """The train step for several players; for one, Keras's own is right."""

    def build_optimizer(self):
        """Creates the optimizer's variables, before the first trace."""
        build_optimizer(self)

    def train_step(self, state, data):
        players = self.players()
        if len(players) == 1:
            return super().train_step(state, data)
        trainable, non_trainable, optimizer_variables, metrics_variables = state
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        position = {id(v): i for i, v in enumerate(self.trainable_variables)}
        count, *optimizer_variables = optimizer_variables
        updated, before = list(trainable), list(trainable)
        total, measured, start = 0.0, None, 0
        for player, variables in players.items():
            own = [position[id(v)] for v in variables]
            stop = start + len(optimizer_of(self, player).variables)
            every = self.steps_per_update().get(player, 1)
            move = functools.partial(
                self._move, player, own, data=(x, y, sample_weight)
            )
            given = (
                before if self.simultaneous else updated,
                non_trainable,
                optimizer_variables[start:stop],
            )
            if every == 1:
                loss, y_pred, result = move(*given)
                measured = y_pred if measured is None else measured
            else:
                loss, result = jax.lax.cond(
                    (count + 1) % every == 0,
                    lambda *given, move=move: move(*given)[::2],
                    lambda seen, *rest, own=own: (
                        jax.numpy.zeros(()),
                        ([seen[i] for i in own], *rest),
                    ),
                    *given,
                )
            values, non_trainable, optimizer_variables[start:stop] = result
            for i, value in zip(own, values, strict=True):
                updated[i] = value
            total, start = total + loss, stop
        logs, metrics_variables = self._update_metrics_variables(
            metrics_variables, total, x, y, measured, sample_weight
        )
        optimizer_variables = [count + 1, *optimizer_variables]
        return logs, (updated, non_trainable, optimizer_variables, metrics_variables)

    def _move(self, player, own, trainable, non_trainable, optimizer_variables, data):
        """Returns a player's loss, its outputs, and the state after its update.

        Args:
            player: Its name.
            own: Positions of its variables among the trainable ones.
            trainable: Values of all trainable variables that its loss reads.
            non_trainable: Values of the non-trainable variables.
            optimizer_variables: Values of its optimizer's variables.
            data: Tuple (x, y, sample_weight).
        """
        optimizer = optimizer_of(self, player)
        values = [trainable[i] for i in own]

        def loss_of(values):
            merged = list(trainable)
            for i, value in zip(own, values, strict=True):
                merged[i] = value
            loss, rest = self._stateless_loss(player, merged, non_trainable, *data)
            mapping = zip(optimizer.variables, optimizer_variables, strict=True)
            with keras.StatelessScope(state_mapping=list(mapping)):
                return optimizer.scale_loss(loss), (loss, *rest)

        gradients, (loss, y_pred, non_trainable) = jax.grad(loss_of, has_aux=True)(
            values
        )
        values, optimizer_variables = optimizer.stateless_apply(
            optimizer_variables, gradients, values
        )
        return loss, y_pred, (values, non_trainable, optimizer_variables)

    def _stateless_loss(self, player, trainable, non_trainable, x, y, sample_weight):
        state = list(zip(self.trainable_variables, trainable, strict=True))
        state += zip(self.non_trainable_variables, non_trainable, strict=True)
        with keras.StatelessScope(state_mapping=state) as scope:
            y_pred = self(x, training=True, player=player)
            loss = self.loss_of(player, x, y, y_pred, sample_weight)
        updated = [scope.get_current_value(v) for v in self.non_trainable_variables]
        return loss, (y_pred, updated)
