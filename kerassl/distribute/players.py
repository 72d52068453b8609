"""The optimizers of a model, of which each player has one."""

import keras

from kerassl.distribute.backend import BACKEND
from kerassl.errors import InvalidType


@keras.saving.register_keras_serializable(package="kerassl")
class PlayerOptimizers(keras.optimizers.Optimizer):
    """Holds one optimizer for each player of a model.

    A player is a named group of variables with a loss of its own, such as the
    generator and the discriminator of a GAN. `compile` makes this object from
    a dict of optimizers. It counts the steps itself, since a player may be
    updated in some of them only.

    Args:
        optimizers: Dict from the player's name to its optimizer.
        name: Name of the optimizer.
        **kwargs: Ignored arguments of `keras.optimizers.Optimizer`'s config.
    """

    def __init__(self, optimizers, name="player_optimizers", **kwargs):
        super().__init__(learning_rate=0.0, name=name)
        self.optimizers = {
            player: keras.optimizers.get(optimizer)
            for player, optimizer in optimizers.items()
        }

    def build_players(self, players):
        """Builds each player's optimizer on its own variables."""
        for player, variables in players.items():
            if not self.optimizers[player].built:
                self.optimizers[player].build(variables)
        self.built = True

    @property
    def variables(self):
        """The count of steps, then the variables of all players' optimizers."""
        own = [v for o in self.optimizers.values() for v in o.variables]
        return [self.iterations, *own]

    @property
    def learning_rate(self):
        """The first player's learning rate."""
        return next(iter(self.optimizers.values())).learning_rate

    def apply(self, grads, trainable_variables=None):
        """Raises: a player's gradients go to its own optimizer."""
        raise InvalidType("Call `optimizers[player].apply` on PlayerOptimizers.")

    def finalize_variable_values(self, var_list):
        """Lets each optimizer that averages weights put in the average."""
        for optimizer in self.optimizers.values():
            inner = getattr(optimizer, "inner_optimizer", optimizer)
            inner.finalize_variable_values(inner._trainable_variables)

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "optimizers": {p: serialize(o) for p, o in self.optimizers.items()},
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        optimizers = {
            player: keras.saving.deserialize_keras_object(o)
            for player, o in config.pop("optimizers").items()
        }
        return cls(optimizers, **config)


def prepare_optimizer(model, optimizer, scale_loss):
    """Returns `optimizer` ready for `model`: in its strategy, scaled for fp16.

    Args:
        model: The model that is being compiled.
        optimizer: A name, config, optimizer, or a dict of these by player.
        scale_loss: Whether some layer computes in float16 and so needs its
            loss scaled.
    """
    if isinstance(optimizer, dict) and "class_name" not in optimizer:
        return PlayerOptimizers(
            {p: prepare_optimizer(model, o, scale_loss) for p, o in optimizer.items()}
        )
    optimizer = keras.optimizers.get(optimizer)
    if isinstance(optimizer, PlayerOptimizers):
        return optimizer
    if BACKEND == "tensorflow" and not optimizer.built:
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        if inner._distribution_strategy is not model.distribute_strategy:
            # Its variables must live where the model's do, wherever the
            # optimizer was made.
            optimizer = optimizer.__class__.from_config(optimizer.get_config())
    is_scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    if scale_loss and not is_scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def optimizer_of(model, player):
    if isinstance(model.optimizer, PlayerOptimizers):
        return model.optimizer.optimizers[player]
    return model.optimizer


def build_optimizer(model):
    if isinstance(model.optimizer, PlayerOptimizers):
        model.optimizer.build_players(model.players())
    elif not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
