"""Autoregressive predictive coding."""

from kerassl import models
from tasks.parts.sounds import future_frames, small_recurrent, sounds

MODEL = models.APC


def task():
    def make(dtype="float32"):
        return models.APC(small_recurrent(dtype), future_frames())

    return make, sounds(), 16
