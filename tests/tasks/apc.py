"""Autoregressive predictive coding."""

from kerassl import models
from tasks.parts.runs import Killed
from tasks.parts.sounds import future_frames, small_recurrent, sounds

MODEL = models.APC
KILLED = Killed(
    "apc_tones",
    {"data.num_examples": 48, "encoder.hidden_dim": 8, "encoder.dropout": 0.1},
    ("seed_generator",),
)


def task():
    def make(dtype="float32"):
        return models.APC(small_recurrent(dtype), future_frames())

    return make, sounds(), 16
