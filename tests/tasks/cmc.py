"""CMC, with the negatives of the batch and with queues."""

import numpy as np

from kerassl import encoders, models, pretext
from tasks.parts.runs import Killed

MODEL = models.CMC
KILLED = Killed(
    "cmc_cifar10",
    {
        "encoder.encoders": [
            {
                "class": "kerassl.encoders.plain_cnn",
                "input_shape": [8, 8, width],
                "widths": [4],
                "strides": [2],
                "name": name,
            }
            for name, width in (("l", 1), ("ab", 2))
        ],
        "pretext.size": 8,
        "model.queue_size": 20,
    },
    ("queue",),
)


def colours():
    random = np.random.default_rng(0)
    return random.integers(0, 256, (48, 8, 8, 3)).astype("uint8")


def _task(**options):
    def make(dtype="float32"):
        parts = [
            encoders.plain_cnn(
                (8, 8, width), (6,), (2,), name=name, grid=1, dtype=dtype
            )
            for name, width in (("l", 1), ("ab", 2))
        ]
        return models.CMC(
            encoders.side_by_side(parts),
            pretext.LabView(8, (0.4, 1.0), jit_compile=False),
            projection_dim=8,
            **options,
        )

    return make, colours(), 16


def task():
    return _task()


def task_queue():
    return _task(queue_size=20)
