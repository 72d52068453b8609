"""Steps of a Keras model on one batch, by `fit` and as a bare graph."""

import keras
import tensorflow as tf


class _Ticks(keras.callbacks.Callback):
    """Tells the clock of each step that `fit` has done."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock
        self.done, self.total = 0, 0.0

    def on_train_batch_end(self, batch, logs=None):
        # What is logged is the mean of all losses so far.
        total = (self.done + 1) * logs["loss"]
        loss, self.done, self.total = total - self.total, self.done + 1, total
        self.model.stop_training = self.clock.tick(loss)


def fit(model, batch, clock):
    """Times `fit` on one batch, again and again, or on an endless dataset."""
    if not isinstance(batch, tf.data.Dataset):
        batch = tf.data.Dataset.from_tensors(batch).repeat()
    steps = 1 << 30  # `clock` ends it before
    model.fit(batch, steps_per_epoch=steps, verbose=0, callbacks=[_Ticks(clock)])


def graph(task, batch, clock):
    """Times the same step without the trainer, its metrics and callbacks."""
    batch = tf.nest.map_structure(tf.convert_to_tensor, batch)

    @tf.function(jit_compile=task.jit_compile)
    def step(x, y, weight):
        with tf.GradientTape() as tape:
            outputs = task(x, training=True)
            loss = task.compute_loss(x, y, outputs, weight)
        variables = task.trainable_variables
        task.optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    x, y, weight = keras.utils.unpack_x_y_sample_weight(batch)
    while not clock.tick(step(x, y, weight)):
        pass


def adamw():
    """Returns the optimizer of all steps that are compared."""
    return keras.optimizers.AdamW(1e-3, weight_decay=0.01)
