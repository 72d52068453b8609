"""How far a model has been trained."""

import json
import os
import subprocess
import sys

READ = """
import json, keras, numpy as np
from kerassl import distribute

model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
seen = {"stale": [], "read": []}

class Look(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        # Not `self.model`, which Keras syncs whenever it is asked for.
        seen["stale"].append(stored())
        distribute.read_state(model)
        seen["read"].append(stored())
        assert distribute.steps_done(model) == batch + 1

def stored():
    try:
        return np.array(model.layers[0].kernel).tolist()
    except TypeError:  # the variables hold nothing
        return None

model.fit(np.ones((8, 2)), np.ones((8, 1)), batch_size=4, verbose=0, callbacks=[Look()])
print(json.dumps(seen | {"after": stored()}))
"""


def test_jax_keeps_the_state_from_the_variables_until_it_is_read():
    done = subprocess.run(
        [sys.executable, "-c", READ],
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["stale"] == [None, None]
    assert None not in seen["read"] and seen["read"][0] != seen["read"][1]
    assert seen["read"][1] == seen["after"]
